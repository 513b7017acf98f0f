// The sky: a dome of light, the sun or the moon on it, stars by night and clouds around the horizon.
import {
  AdditiveBlending, BackSide, BufferAttribute, BufferGeometry, Group, InstancedBufferAttribute, InstancedBufferGeometry,
  Mesh, Points, ShaderMaterial, SphereGeometry, Color,
} from "three";
import { Random } from "./random";
import { SHARED, paintMaterial } from "./material";
import { DEVELOP } from "./shine";
import { Shapes } from "./shapes";
import { lump } from "./solids";

const FAR_M = 1_500;
const STARS = 700;
const CLOUDS = 30;

/** What only the sky needs to know. */
export const SKY = {
  uTop: { value: new Color() },
  uStars: { value: 0 },
  /** How much the moon stands in for the sun, 0 or 1. */
  uMoon: { value: 0 },
  /** How many clouds there are, and how dark they are, 0 to 1. */
  uClouds: { value: 0 },
  uCloudTint: { value: new Color(1, 1, 1) },
  /** How clear the sun is seen, 0 to 1. */
  uDisc: { value: 1 },
};

/** Everything above the land; it goes along with the camera. */
export function skyOf(): Group {
  const group = new Group();
  group.add(dome(), stars(), clouds());
  for (const child of group.children) child.frustumCulled = false;
  return group;
}

function dome(): Mesh {
  const geometry = new SphereGeometry(FAR_M, 32, 24);
  geometry.rotateX(Math.PI / 2);
  const material = new ShaderMaterial({
    side: BackSide,
    depthWrite: false,
    depthTest: false,
    uniforms: { ...SHARED, ...SKY },
    vertexShader: /* glsl */ `
      varying vec3 vRay;
      void main() {
        vRay = position;
        gl_Position = projectionMatrix * viewMatrix * vec4(position + cameraPosition, 1.0);
      }`,
    fragmentShader: /* glsl */ `
      varying vec3 vRay;
      uniform vec3 uSun, uSunColour, uFog, uFogSun, uTop;
      uniform float uMoon, uDisc;
      ${DEVELOP}
      void main() {
        vec3 ray = normalize(vRay);
        float up = max(ray.z, 0.0);
        float towards = max(dot(ray, uSun), 0.0);
        vec3 low = mix(uFog, uFogSun, towards * towards * towards * 0.8);
        vec3 lit = mix(low, uTop, 1.0 - pow(1.0 - up, 2.6));
        float near = pow(towards, 48.0);
        lit += uSunColour * (near * near * 0.16 + near * 0.07) * uDisc * (1.0 - 0.6 * uMoon);
        float disc = mix(smoothstep(0.99935, 0.9996, towards), smoothstep(0.9994, 0.99955, towards), uMoon);
        vec3 face = mix(vec3(1.0, 0.93, 0.72), vec3(0.86, 0.90, 1.0), uMoon);
        // The moon's seas.
        face *= 1.0 - uMoon * 0.22 * smoothstep(0.2, 0.7, sin(ray.x * 140.0) * sin(ray.z * 120.0 + 1.0) + 0.3);
        lit = mix(lit, face, disc * uDisc * smoothstep(-0.02, 0.04, ray.z));
        gl_FragColor = vec4(develop(lit), 1.0);
      }`,
  });
  const mesh = new Mesh(geometry, material);
  mesh.renderOrder = -10;
  return mesh;
}

function stars(): Points {
  const chance = new Random("stars");
  const positions = new Float32Array(STARS * 3);
  const lights = new Float32Array(STARS * 2);
  for (let index = 0; index < STARS; index += 1) {
    const up = chance.between(0.04, 1);
    const angle = chance.next() * Math.PI * 2;
    const flat = Math.sqrt(1 - up * up);
    positions.set([Math.cos(angle) * flat * FAR_M, Math.sin(angle) * flat * FAR_M, up * FAR_M], index * 3);
    lights.set([0.35 + 0.65 * chance.next() ** 3, chance.next() * 6.28], index * 2);
  }
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(positions, 3));
  geometry.setAttribute("light", new BufferAttribute(lights, 2));
  const material = new ShaderMaterial({
    transparent: true,
    depthWrite: false,
    depthTest: false,
    blending: AdditiveBlending,
    uniforms: { ...SHARED, ...SKY },
    vertexShader: /* glsl */ `
      attribute vec2 light;
      uniform float uTime, uStars;
      varying float vLight;
      void main() {
        vLight = light.x * uStars * (0.75 + 0.25 * sin(uTime * 1.5 + light.y)) * smoothstep(0.03, 0.25, position.z / ${FAR_M.toFixed(1)});
        gl_PointSize = 1.2 + light.x * 1.8;
        gl_Position = projectionMatrix * viewMatrix * vec4(position + cameraPosition, 1.0);
      }`,
    fragmentShader: /* glsl */ `
      varying float vLight;
      void main() { gl_FragColor = vec4(0.95, 0.96, 1.0, vLight); }`,
  });
  const points = new Points(geometry, material);
  points.renderOrder = -9;
  return points;
}

// Clouds stand around the land, not over it: they never come between a camera above and the ground.
function clouds(): Mesh {
  const chance = new Random("clouds");
  const shape = new Shapes();
  for (const [x, y, z, s] of [[0, 0, 0, 1], [-1.4, 0.3, -0.18, 0.72], [1.5, -0.2, -0.2, 0.68], [0.6, 0.6, 0.35, 0.62], [-2.5, 0, -0.35, 0.42], [2.5, 0.2, -0.34, 0.4]] as const) {
    lump(shape, [x, y, z], [s * 1.15, s, s * 0.62], [1, 1, 1], chance, 0.1);
  }
  const base = shape.geometry();
  const geometry = new InstancedBufferGeometry();
  for (const name of ["position", "normal", "paint"]) geometry.setAttribute(name, base.getAttribute(name));
  const spots = new Float32Array(CLOUDS * 4);
  for (let index = 0; index < CLOUDS; index += 1) {
    spots.set([chance.next() * Math.PI * 2, chance.between(560, 980), chance.between(90, 330), chance.between(26, 62)], index * 4);
  }
  geometry.setAttribute("spot", new InstancedBufferAttribute(spots, 4));
  geometry.instanceCount = CLOUDS;
  const material = paintMaterial({
    declarations: "attribute vec4 paint; attribute vec4 spot; uniform float uClouds; uniform vec3 uCloudTint;",
    uniforms: { uClouds: SKY.uClouds, uCloudTint: SKY.uCloudTint },
    body: `
      float angle = spot.x + uTime * 0.0035;
      float rank = fract(spot.x * 3.7);
      float size = spot.w * smoothstep(rank, rank + 0.25, uClouds * 1.25);
      float c = cos(angle); float s = sin(angle);
      mat2 turn = mat2(-s, c, -c, -s);
      vec3 world = vec3(turn * position.xy, position.z) * size + vec3(vec2(c, s) * spot.y, spot.z + cameraPosition.z * 0.6) + vec3(cameraPosition.xy * 0.85, 0.0);
      vec3 facing = vec3(turn * normal.xy, normal.z);
      vec3 colour = uCloudTint;
      float glow = 0.0;
      float snowy = 0.0;`,
  });
  // Clouds fade a little into the haze, less than the land does.
  material.vertexShader = material.vertexShader.replace("fog *= fog * 0.35 + 0.65;", "fog = 0.35;").replace("cloudShade(world.xy)", "1.0");
  const mesh = new Mesh(geometry, material);
  mesh.renderOrder = -8;
  return mesh;
}
