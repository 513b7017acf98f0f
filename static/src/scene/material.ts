// The materials, all over the one shader: they differ only in where a corner of a facet is.
import { Color, DoubleSide, FrontSide, ShaderMaterial, UniformsLib, UniformsUtils, Vector2, Vector3, type IUniform } from "three";
import { SHINE_VERTEX, shineFragment } from "./shine";

/** What all materials share; whoever sets a value sets it for the whole world. */
export const SHARED = {
  /** Units: seconds. */
  uTime: { value: 0 },
  /** Towards the sun, or the moon by night. */
  uSun: { value: new Vector3(0, 0, 1) },
  uSunColour: { value: new Color() },
  uSkyLight: { value: new Color() },
  uGroundLight: { value: new Color() },
  uFog: { value: new Color() },
  uFogSun: { value: new Color() },
  /** Where fog begins and where it hides everything. Units: metres. */
  uFogRange: { value: new Vector2(100, 600) },
  /** How much lamps and windows glow, 0 to 1. */
  uNight: { value: 0 },
  uSnow: { value: 0 },
  uWet: { value: 0 },
  /** How dark the shadows of clouds are, 0 to 1. */
  uCover: { value: 0 },
  /** Where the wind goes, and how strongly things sway. */
  uWind: { value: new Vector3(1, 0.3, 1) },
} satisfies Record<string, IUniform>;

/** How a material places the corners of its facets. */
export interface Placing {
  /** Attributes, uniforms and functions. */
  declarations: string;
  /** Statements that set `vec3 world`, `vec3 facing`, `vec3 colour`, `float glow`, `float snowy`. */
  body: string;
  uniforms?: Record<string, IUniform>;
  isDoubleSided?: boolean;
  /** Whether the statements also set `vAlpha`, how much of it is seen. */
  isSheer?: boolean;
}

const SOLID: Placing = {
  declarations: "attribute vec4 paint;",
  body: `
    vec3 world = (modelMatrix * vec4(position, 1.0)).xyz;
    vec3 facing = normal;
    vec3 colour = paint.rgb * paint.rgb;
    float glow = paint.a;
    float snowy = 1.0;`,
};

const PLANT: Placing = {
  declarations: "attribute vec4 paint; attribute vec4 spot; attribute vec4 tint;",
  body: `
    float turnCos = cos(tint.a);
    float turnSin = sin(tint.a);
    mat2 turn = mat2(turnCos, turnSin, -turnSin, turnCos);
    vec3 world = vec3(turn * position.xy, position.z) * spot.w;
    float bend = sin(uTime * 1.3 + spot.x * 0.35 + spot.y * 0.27) + 0.5 * sin(uTime * 2.9 + spot.y + position.x);
    world.xy += uWind.xy * (uWind.z * bend * 0.045 * paint.a * world.z);
    world += spot.xyz;
    vec3 facing = vec3(turn * normal.xy, normal.z);
    vec3 colour = paint.rgb * paint.rgb * mix(vec3(1.0), tint.rgb, step(0.02, paint.a));
    float glow = 0.0;
    float snowy = 1.0;`,
};

/** Returns a material that places its corners so. */
export function paintMaterial(placing: Placing): ShaderMaterial {
  const isSheer = placing.isSheer === true;
  const varying = isSheer ? "varying float vAlpha;" : "";
  return new ShaderMaterial({
    lights: true,
    transparent: isSheer,
    depthWrite: !isSheer,
    side: placing.isDoubleSided === true ? DoubleSide : FrontSide,
    uniforms: { ...UniformsUtils.clone(UniformsLib.lights), ...SHARED, ...placing.uniforms },
    vertexShader: `${SHINE_VERTEX} ${varying} ${placing.declarations}
      void main() { ${placing.body}
        shine(world, facing, colour, glow, snowy);
        gl_Position = projectionMatrix * viewMatrix * vec4(world, 1.0);
      }`,
    fragmentShader: isSheer ? shineFragment("vAlpha", varying) : shineFragment(),
  });
}

/** Returns the material by which the same thing casts its shadow. */
export function shadowMaterial(placing: Placing): ShaderMaterial {
  return new ShaderMaterial({
    uniforms: { ...SHARED, ...placing.uniforms },
    vertexShader: `uniform float uTime; uniform vec3 uWind; ${placing.declarations}
      void main() { ${placing.body}
        gl_Position = projectionMatrix * viewMatrix * vec4(world, 1.0);
      }`,
    fragmentShader: "void main() { gl_FragColor = vec4(1.0); }",
  });
}

/** The material of what is built and of the ground. Its fourth colour number is how much it glows at night. */
export const solidMaterial = (): ShaderMaterial => paintMaterial(SOLID);
/** The material of what grows. Its fourth colour number is how much it sways. */
export const plantMaterial = (): ShaderMaterial => paintMaterial(PLANT);
/** The shadow of what grows. */
export const plantShadowMaterial = (): ShaderMaterial => shadowMaterial(PLANT);
