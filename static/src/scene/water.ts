// Ponds, fountains and the sea: facets that rise and fall, foam where it is shallow, the sky in it.
import { BufferAttribute, BufferGeometry, Mesh, ShaderMaterial } from "three";
import type { Heights } from "../land/heights";
import type { Plan } from "../land/plan";
import { BASIN_M } from "../buildings/things";
import { SHARED } from "./material";
import type { P3 } from "./shapes";
import { DEVELOP } from "./shine";

const SEA_CELL_M = 6;
const SEA_REACH_M = 560;

/** The surface of all water of a region; null when there is none. */
export function waterOf(plan: Plan, heights: Heights, fountains: readonly P3[], sizeM: number): Mesh | null {
  const positions: number[] = [];
  const middles: number[] = [];
  const depths: number[] = [];
  const add = (a: P3, b: P3, c: P3, depthAt: (point: P3) => number): void => {
    const middle = [(a[0] + b[0] + c[0]) / 3, (a[1] + b[1] + c[1]) / 3];
    for (const point of [a, b, c]) {
      positions.push(...point);
      middles.push(...middle);
      depths.push(depthAt(point));
    }
  };
  plan.ponds.forEach((pond, index) => addPond(pond.x, pond.y, pond.radiusM * 1.12, heights.pondLevel(index), heights, add));
  for (const [x, y, z] of fountains) addDisc(x, y, 1.85, z + BASIN_M, 2, 12, (a, b, c) => add(a, b, c, () => 0.35));
  if (plan.sea !== null) addSea(plan.sea, heights, sizeM, add);
  if (positions.length === 0) return null;
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(new Float32Array(positions), 3));
  geometry.setAttribute("middle", new BufferAttribute(new Float32Array(middles), 2));
  geometry.setAttribute("depth", new BufferAttribute(new Float32Array(depths), 1));
  const mesh = new Mesh(geometry, waterMaterial());
  mesh.frustumCulled = false;
  mesh.renderOrder = 2;
  return mesh;
}

type Add = (a: P3, b: P3, c: P3, depthAt: (point: P3) => number) => void;

function addPond(x: number, y: number, radius: number, level: number, heights: Heights, add: Add): void {
  const depthAt = (point: P3): number => level - heights.at(point[0], point[1]);
  addDisc(x, y, radius, level, Math.max(3, Math.round(radius / 2)), 28, (a, b, c) => add(a, b, c, depthAt));
}

function addDisc(x: number, y: number, radius: number, level: number, rings: number, sides: number, add: (a: P3, b: P3, c: P3) => void): void {
  const point = (ring: number, side: number): P3 => {
    const angle = ((side + ring * 0.5) / sides) * Math.PI * 2;
    return [x + Math.cos(angle) * radius * (ring / rings), y + Math.sin(angle) * radius * (ring / rings), level];
  };
  for (let side = 0; side < sides; side += 1) {
    add([x, y, level], point(1, side), point(1, side + 1));
    for (let ring = 1; ring < rings; ring += 1) {
      add(point(ring, side), point(ring + 1, side), point(ring, side + 1));
      add(point(ring, side + 1), point(ring + 1, side), point(ring + 1, side + 1));
    }
  }
}

function addSea(sea: NonNullable<Plan["sea"]>, heights: Heights, sizeM: number, add: Add): void {
  // Rows go out from the shore and grow; columns go along it.
  const level = heights.seaLevel;
  const centre = sizeM / 2;
  const along = (u: number, out: number): P3 => [
    sea.nx * (sea.beyond + out) + (sea.nx === 0 ? centre + u : 0),
    sea.ny * (sea.beyond + out) + (sea.nx === 0 ? 0 : centre + u),
    level,
  ];
  const rows = [-9, 0];
  for (let at = 0, step = SEA_CELL_M; at < SEA_REACH_M; step *= 1.12) rows.push((at += step));
  const columns: number[] = [0];
  for (let at = 0, step = SEA_CELL_M; at < sizeM / 2 + SEA_REACH_M; step *= at < sizeM / 2 ? 1 : 1.18) {
    at += step;
    columns.push(at);
    columns.unshift(-at);
  }
  const depthAt = (point: P3): number => level - heights.near(point[0], point[1]);
  for (let row = 0; row + 1 < rows.length; row += 1) {
    for (let column = 0; column + 1 < columns.length; column += 1) {
      const corner = (c: number, r: number): P3 => along(columns[c] ?? 0, rows[r] ?? 0);
      const [a, b, c, d] = [corner(column, row), corner(column + 1, row), corner(column + 1, row + 1), corner(column, row + 1)];
      const isFlipped = sea.nx + sea.ny < 0 === (sea.nx === 0);
      if (isFlipped) {
        add(a, c, b, depthAt);
        add(a, d, c, depthAt);
      } else {
        add(a, b, c, depthAt);
        add(a, c, d, depthAt);
      }
    }
  }
}

function waterMaterial(): ShaderMaterial {
  return new ShaderMaterial({
    transparent: true,
    uniforms: { ...SHARED },
    vertexShader: /* glsl */ `
      attribute vec2 middle;
      attribute float depth;
      uniform float uTime;
      uniform vec3 uSun;
      uniform vec3 uSunColour;
      uniform vec3 uSkyLight;
      uniform vec3 uFog;
      uniform vec3 uFogSun;
      uniform vec2 uFogRange;
      uniform vec3 uWind;
      varying vec4 vWater;
      float wave(vec2 p) {
        return sin(p.x * 0.55 + uTime * 1.1) * 0.5 + sin(p.y * 0.7 - uTime * 0.9 + p.x * 0.3) * 0.5 + sin((p.x + p.y) * 1.3 + uTime * 1.7) * 0.25;
      }
      void main() {
        float deep = clamp(depth / 1.6, 0.0, 1.0);
        vec3 world = position;
        float strength = (0.05 + 0.06 * uWind.z) * min(1.0, deep + 0.15);
        world.z += wave(position.xy) * strength;
        // One normal for the whole facet: it glints as one.
        float slope = 0.1 + 0.1 * uWind.z;
        vec3 facet = normalize(vec3(
          -slope * (wave(middle + vec2(0.4, 0.0)) - wave(middle - vec2(0.4, 0.0))),
          -slope * (wave(middle + vec2(0.0, 0.4)) - wave(middle - vec2(0.0, 0.4))), 1.0));
        vec3 eye = world - cameraPosition;
        float distance = length(eye);
        eye /= distance;
        float fresnel = 0.08 + 0.7 * pow(1.0 - clamp(dot(-eye, facet), 0.0, 1.0), 3.0);
        vec3 body = mix(vec3(0.20, 0.46, 0.42), vec3(0.030, 0.17, 0.25), deep);
        vec3 lit = body * (uSkyLight * 1.1 + uSunColour * max(dot(facet, uSun), 0.0) * 0.75);
        vec3 mirrored = reflect(eye, facet);
        vec3 sky = mix(uFog, uSkyLight, clamp(mirrored.z * 1.6, 0.0, 1.0));
        lit = mix(lit, sky * 0.95, fresnel * 0.75);
        float glint = pow(max(dot(mirrored, uSun), 0.0), 60.0);
        lit += uSunColour * glint * 1.4;
        // Foam where the ground is near, coming and going.
        float foam = smoothstep(0.42, 0.08, depth + 0.12 * wave(position.xy * 0.6));
        lit = mix(lit, vec3(0.85, 0.92, 0.9) * (uSkyLight + uSunColour * 0.5), foam * 0.55);
        float fog = smoothstep(uFogRange.x, uFogRange.y, distance);
        fog *= fog * 0.35 + 0.65;
        float towards = max(dot(eye, uSun), 0.0);
        lit = mix(lit, mix(uFog, uFogSun, towards * towards * towards * 0.8), fog);
        float alpha = mix(0.55, 0.96, smoothstep(0.0, 0.9, depth)) * smoothstep(-0.1, 0.1, depth);
        vWater = vec4(lit, alpha);
        gl_Position = projectionMatrix * viewMatrix * vec4(world, 1.0);
      }`,
    fragmentShader: /* glsl */ `
      varying vec4 vWater;
      ${DEVELOP}
      void main() { gl_FragColor = vec4(develop(vWater.rgb), vWater.a); }`,
  });
}
