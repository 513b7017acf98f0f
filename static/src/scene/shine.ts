// The one shader of the world. Light, fog, snow and the glow of windows are worked out at the corners of the facets,
// so that a pixel costs next to nothing: software rendering lives from that.

/** How light becomes a colour of the screen: bright light bends before it clips. */
export const DEVELOP = /* glsl */ `
  vec3 develop(vec3 lit) {
    lit = max(lit, 0.0);
    return sqrt(lit * 1.14 / (1.0 + 0.36 * lit));
  }
`;

/** Declarations for a vertex shader that calls `shine`. */
export const SHINE_VERTEX = /* glsl */ `
  uniform float uTime;
  uniform vec3 uSun;
  uniform vec3 uSunColour;
  uniform vec3 uSkyLight;
  uniform vec3 uGroundLight;
  uniform vec3 uFog;
  uniform vec3 uFogSun;
  uniform vec2 uFogRange;
  uniform float uNight;
  uniform float uSnow;
  uniform float uWet;
  uniform float uCover;
  uniform vec3 uWind;
  varying vec3 vLit;
  #if NUM_DIR_LIGHT_SHADOWS > 0
    varying vec3 vSunlit;
    uniform mat4 directionalShadowMatrix[NUM_DIR_LIGHT_SHADOWS];
    varying vec4 vDirectionalShadowCoord[NUM_DIR_LIGHT_SHADOWS];
  #endif

  // The shadows of clouds that drift over the land.
  float cloudShade(vec2 at) {
    vec2 p = at * 0.013 + uWind.xy * uTime * 0.011;
    float wave = sin(p.x) + sin(p.y * 1.3 + p.x * 0.6) + sin((p.x + p.y) * 0.7 + 1.7);
    return 1.0 - uCover * smoothstep(0.1, 1.3, wave);
  }

  // Sets the varyings for a point of the world; glow is how much of a lamp or a lit window it is.
  void shine(vec3 world, vec3 normal, vec3 paint, float glow, float snowy) {
    paint *= 1.0 - 0.28 * uWet * (0.4 + 0.6 * max(normal.z, 0.0));
    paint = mix(paint, vec3(0.80, 0.84, 0.92), snowy * uSnow * smoothstep(0.3, 0.75, normal.z));
    vec3 ambient = mix(uGroundLight, uSkyLight, normal.z * 0.5 + 0.5);
    float facing = max(dot(normal, uSun), 0.0);
    vec3 lamp = vec3(1.0, 0.66, 0.27) * (glow * uNight * 1.15);
    vec3 toEye = world - cameraPosition;
    float distance = length(toEye);
    float fog = smoothstep(uFogRange.x, uFogRange.y, distance);
    fog *= fog * 0.35 + 0.65;
    float towardsSun = max(dot(toEye / max(distance, 0.01), uSun), 0.0);
    vec3 haze = mix(uFog, uFogSun, towardsSun * towardsSun * towardsSun * 0.8);
    vec3 direct = paint * uSunColour * (facing * cloudShade(world.xy) * (1.0 - fog));
    vLit = (paint * ambient * (1.0 - 0.5 * glow * uNight) + lamp) * (1.0 - fog) + haze * fog;
    #if NUM_DIR_LIGHT_SHADOWS > 0
      vSunlit = direct;
      vDirectionalShadowCoord[0] = directionalShadowMatrix[0] * vec4(world + normal * 0.12, 1.0);
    #else
      vLit += direct;
    #endif
  }
`;

/** Returns a fragment shader for what `shine` lit; `alpha` is an expression of the shader language. */
export function shineFragment(alpha = "1.0", declarations = ""): string {
  return /* glsl */ `
  #include <common>
  varying vec3 vLit;
  ${declarations}
  ${DEVELOP}
  #if NUM_DIR_LIGHT_SHADOWS > 0
    varying vec3 vSunlit;
    #include <packing>
    #include <shadowmap_pars_fragment>
  #endif
  void main() {
    vec3 lit = vLit;
    #if NUM_DIR_LIGHT_SHADOWS > 0
      DirectionalLightShadow caster = directionalLightShadows[0];
      lit += vSunlit * getShadow(directionalShadowMap[0], caster.shadowMapSize, caster.shadowIntensity, caster.shadowBias, caster.shadowRadius, vDirectionalShadowCoord[0]);
    #endif
    gl_FragColor = vec4(develop(lit), ${alpha});
  }
`;
}
