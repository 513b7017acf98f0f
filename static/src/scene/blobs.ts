// Soft dark rounds below trees and people: the shadows of those who cannot afford shadows.
import { ShaderMaterial } from "three";
import { SHARED } from "./material";
import { Rounds } from "./rounds";

/** Returns such rounds, so dark in their middle. */
export function softBlobs(max: number, darkness: number): Rounds {
  const material = new ShaderMaterial({
    transparent: true,
    depthWrite: false,
    polygonOffset: true,
    polygonOffsetFactor: -1,
    polygonOffsetUnits: -2,
    uniforms: { ...SHARED, uDarkness: { value: darkness } },
    vertexShader: /* glsl */ `
      attribute vec4 spot;
      uniform vec2 uFogRange;
      uniform vec3 uSun;
      uniform float uDarkness;
      varying float vDark;
      void main() {
        // Away from the sun, as a shadow would fall.
        vec3 world = vec3(position.xy * spot.w - uSun.xy * spot.w * 0.45, 0.14) + spot.xyz;
        vDark = position.z * uDarkness * (1.0 - smoothstep(uFogRange.x, uFogRange.y, length(world - cameraPosition)));
        gl_Position = projectionMatrix * viewMatrix * vec4(world, 1.0);
      }`,
    fragmentShader: "varying float vDark; void main() { gl_FragColor = vec4(0.05, 0.07, 0.12, vDark); }",
  });
  const rounds = new Rounds(max, { sides: 12, middle: 1 }, material);
  rounds.mesh.renderOrder = 1;
  return rounds;
}
