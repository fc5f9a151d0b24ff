/** The stretch formulas are those of `armillary/render/style.py`; the tests compare both. */

export const VERTEX = `#version 300 es
in vec2 place;
in vec2 plane;
uniform vec2 viewport;
out vec2 at;
void main() {
  at = plane;
  gl_Position = vec4(place.x / viewport.x * 2.0 - 1.0, 1.0 - place.y / viewport.y * 2.0, 0.0, 1.0);
}`;

export const FRAGMENT = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
uniform sampler2D tile;
uniform sampler2D colours;
uniform sampler2D equal;
uniform vec4 clip;
uniform vec2 corner;
uniform float factor;
uniform vec2 range;
uniform int stretch;
uniform float gamma;
uniform bool inverted;
uniform bool absolute;
uniform bool smoothly;
uniform float opacity;
in vec2 at;
out vec4 colour;

const float NOTHING = -3.3e38;

float block(vec2 p) {
  ivec2 size = textureSize(tile, 0);
  return texelFetch(tile, clamp(ivec2(floor(p)), ivec2(0), size - 1), 0).r;
}

float between(vec2 p) {
  vec2 low = floor(p - 0.5);
  vec2 f = p - 0.5 - low;
  float sum = 0.0;
  float weight = 0.0;
  for (int k = 0; k < 4; k++) {
    vec2 step = vec2(k & 1, k >> 1);
    float value = block(low + step + 0.5);
    vec2 w = mix(1.0 - f, f, step);
    if (value > NOTHING && w.x * w.y > 0.0) {
      sum += w.x * w.y * (absolute ? abs(value) : value);
      weight += w.x * w.y;
    }
  }
  return weight >= 0.5 ? sum / weight : -3.4e38;
}

float curve(float t) {
  if (stretch == 1) return sqrt(t);
  if (stretch == 2) return log(1.0 + 1000.0 * t) / log(1001.0);
  if (stretch == 3) return asinh(10.0 * t) / asinh(10.0);
  if (stretch == 4) return (pow(1000.0, t) - 1.0) / 999.0;
  if (stretch == 5) {
    int last = textureSize(equal, 0).x - 1;
    float place = t * float(last);
    int low = min(int(place), max(last - 1, 0));
    float a = texelFetch(equal, ivec2(low, 0), 0).r;
    float b = texelFetch(equal, ivec2(min(low + 1, last), 0), 0).r;
    return mix(a, b, place - float(low));
  }
  return t;
}

void main() {
  if (at.x < clip.x || at.x >= clip.z || at.y < clip.y || at.y >= clip.w) discard;
  vec2 p = (at - corner) / factor;
  float value = smoothly ? between(p) : block(p);
  if (!(value > NOTHING)) discard;
  if (absolute) value = abs(value);
  float t = clamp((value - range.x) / (range.y - range.x), 0.0, 1.0);
  float s = pow(clamp(curve(t), 0.0, 1.0), 1.0 / gamma);
  if (inverted) s = 1.0 - s;
  vec3 rgb = texelFetch(colours, ivec2(min(int(s * 256.0), 255), 0), 0).rgb;
  colour = vec4(rgb * opacity, opacity);
}`;
