// Rain and snow: a box of drops that goes along with the camera; each drop falls through it again and again.
import { BufferAttribute, BufferGeometry, LineSegments, Points, ShaderMaterial } from "three";
import { SHARED } from "./material";
import { Random } from "./random";

const BOX_M = 44;
const DROPS_MAX = 2_400;
const FLAKES_MAX = 2_600;

/** How much falls, 0 to 1. */
export const FALL = { uRain: { value: 0 }, uSnowfall: { value: 0 } };

const BOX = `
  vec3 inBox(vec3 at, vec3 drift) {
    vec3 corner = cameraPosition - ${(BOX_M / 2).toFixed(1)};
    return corner + mod(at * ${BOX_M.toFixed(1)} + drift - corner, ${BOX_M.toFixed(1)});
  }`;

/** Rain as short strokes along the wind. */
export function rainOf(): LineSegments {
  const chance = new Random("rain");
  const positions = new Float32Array(DROPS_MAX * 6);
  const ranks = new Float32Array(DROPS_MAX * 4);
  for (let index = 0; index < DROPS_MAX; index += 1) {
    const at = [chance.next(), chance.next(), chance.next()];
    positions.set([...at, ...at], index * 6);
    ranks.set([index / DROPS_MAX, 0, index / DROPS_MAX, 1], index * 4);
  }
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(positions, 3));
  geometry.setAttribute("rank", new BufferAttribute(ranks, 2));
  const material = new ShaderMaterial({
    transparent: true,
    depthWrite: false,
    uniforms: { ...SHARED, ...FALL },
    vertexShader: /* glsl */ `
      attribute vec2 rank;
      uniform float uTime, uRain;
      uniform vec3 uWind, uSkyLight;
      varying vec4 vDrop;
      ${BOX}
      void main() {
        vec3 speed = vec3(uWind.xy * uWind.z * 5.0, -19.0 - fract(rank.x * 91.0) * 5.0);
        vec3 world = inBox(position, speed * uTime) + normalize(speed) * rank.y * 0.75;
        float near = length(world - cameraPosition);
        vDrop = vec4(uSkyLight * 1.5 + 0.04, step(rank.x, uRain) * (0.34 - 0.22 * rank.y) * smoothstep(0.8, 3.0, near));
        gl_Position = projectionMatrix * viewMatrix * vec4(world, 1.0);
      }`,
    fragmentShader: "varying vec4 vDrop; void main() { gl_FragColor = vec4(sqrt(vDrop.rgb), vDrop.a); }",
  });
  const lines = new LineSegments(geometry, material);
  lines.frustumCulled = false;
  lines.renderOrder = 8;
  return lines;
}

/** Snow as flakes that sway. */
export function snowOf(): Points {
  const chance = new Random("snow");
  const positions = new Float32Array(FLAKES_MAX * 3);
  for (let index = 0; index < positions.length; index += 1) positions[index] = chance.next();
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(positions, 3));
  const material = new ShaderMaterial({
    transparent: true,
    depthWrite: false,
    uniforms: { ...SHARED, ...FALL },
    vertexShader: /* glsl */ `
      uniform float uTime, uSnowfall;
      uniform vec3 uWind, uSkyLight;
      varying vec4 vFlake;
      ${BOX}
      void main() {
        float odd = fract(position.x * 57.0 + position.y * 31.0);
        vec3 sway = vec3(sin(uTime * 0.9 + odd * 6.28), cos(uTime * 0.7 + odd * 12.0), 0.0) * 0.5;
        vec3 world = inBox(position, vec3(uWind.xy * uWind.z * 2.5, -1.7 - odd) * uTime + sway);
        vec4 seen = viewMatrix * vec4(world, 1.0);
        gl_PointSize = clamp(46.0 * (0.6 + 0.7 * odd) / max(-seen.z, 1.0), 1.5, 9.0);
        vFlake = vec4(min(uSkyLight * 1.9 + 0.1, 1.0), uSnowfall * step(fract(odd * 17.0), uSnowfall) * 0.85);
        gl_Position = projectionMatrix * seen;
      }`,
    fragmentShader: /* glsl */ `
      varying vec4 vFlake;
      void main() {
        float soft = smoothstep(0.5, 0.2, length(gl_PointCoord - 0.5));
        gl_FragColor = vec4(sqrt(vFlake.rgb), vFlake.a * soft);
      }`,
  });
  const points = new Points(geometry, material);
  points.frustumCulled = false;
  points.renderOrder = 8;
  return points;
}
