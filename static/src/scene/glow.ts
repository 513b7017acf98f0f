// Light by night: a halo around each lamp, and a warm pool on the ground below it.
import { AdditiveBlending, BufferAttribute, BufferGeometry, InstancedBufferAttribute, InstancedBufferGeometry, Mesh, ShaderMaterial } from "three";
import type { Heights } from "../land/heights";
import { SHARED } from "./material";
import type { P3 } from "./shapes";

const POOL_M = 6.2;
const POOL_SIDES = 14;
const RINGS = [0, 0.35, 0.7, 1];

/** The halos of lamps: flat discs that look at the camera. */
export function halosOf(lights: readonly P3[]): Mesh {
  const geometry = new InstancedBufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(new Float32Array([-1, -1, 0, 1, -1, 0, 1, 1, 0, -1, -1, 0, 1, 1, 0, -1, 1, 0]), 3));
  geometry.setAttribute("spot", new InstancedBufferAttribute(new Float32Array(lights.flat()), 3));
  geometry.instanceCount = lights.length;
  const material = new ShaderMaterial({
    transparent: true,
    depthWrite: false,
    blending: AdditiveBlending,
    uniforms: { ...SHARED },
    vertexShader: /* glsl */ `
      attribute vec3 spot;
      uniform float uNight;
      uniform vec2 uFogRange;
      varying vec3 vSpot;
      void main() {
        vec4 at = viewMatrix * vec4(spot, 1.0);
        float away = length(at.xyz);
        at.xy += position.xy * (1.0 + away * 0.006) * step(0.05, uNight);
        // Towards the camera, so that the lamp itself does not cut it in two.
        at.z += 0.5;
        vSpot = vec3(position.xy, uNight * (1.0 - smoothstep(uFogRange.x, uFogRange.y, away)));
        gl_Position = projectionMatrix * at;
      }`,
    fragmentShader: /* glsl */ `
      varying vec3 vSpot;
      void main() {
        float light = max(1.0 - length(vSpot.xy), 0.0);
        gl_FragColor = vec4(vec3(1.0, 0.74, 0.38) * (light * light * 0.62 * vSpot.z), 1.0);
      }`,
  });
  const mesh = new Mesh(geometry, material);
  mesh.frustumCulled = false;
  mesh.renderOrder = 5;
  return mesh;
}

/** The light that lamps throw on the ground. */
export function poolsOf(lights: readonly P3[], heights: Heights): Mesh {
  const positions: number[] = [];
  const strengths: number[] = [];
  for (const [x, y] of lights) {
    const point = (ring: number, side: number): P3 => {
      const angle = (side / POOL_SIDES) * Math.PI * 2;
      const reach = POOL_M * (RINGS[ring] ?? 1);
      const [px, py] = [x + Math.cos(angle) * reach, y + Math.sin(angle) * reach];
      return [px, py, heights.at(px, py) + 0.16];
    };
    for (let side = 0; side < POOL_SIDES; side += 1) {
      for (let ring = 0; ring + 1 < RINGS.length; ring += 1) {
        const corners = [point(ring, side), point(ring + 1, side), point(ring + 1, side + 1), point(ring, side), point(ring + 1, side + 1), point(ring, side + 1)];
        const rings = [ring, ring + 1, ring + 1, ring, ring + 1, ring];
        corners.forEach((corner, index) => {
          positions.push(...corner);
          strengths.push((1 - (RINGS[rings[index] ?? 0] ?? 1)) ** 1.6);
        });
      }
    }
  }
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(new Float32Array(positions), 3));
  geometry.setAttribute("strength", new BufferAttribute(new Float32Array(strengths), 1));
  const material = new ShaderMaterial({
    transparent: true,
    depthWrite: false,
    blending: AdditiveBlending,
    polygonOffset: true,
    polygonOffsetFactor: -1,
    polygonOffsetUnits: -2,
    uniforms: { ...SHARED },
    vertexShader: /* glsl */ `
      attribute float strength;
      uniform float uNight;
      uniform vec2 uFogRange;
      varying float vLight;
      void main() {
        float away = length(position - cameraPosition);
        vLight = strength * uNight * 0.34 * (1.0 - smoothstep(uFogRange.x, uFogRange.y, away));
        gl_Position = projectionMatrix * viewMatrix * vec4(position, 1.0);
      }`,
    fragmentShader: "varying float vLight; void main() { gl_FragColor = vec4(vec3(1.0, 0.70, 0.34) * vLight, 1.0); }",
  });
  const mesh = new Mesh(geometry, material);
  mesh.renderOrder = 3;
  return mesh;
}
