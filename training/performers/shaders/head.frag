#version 330
// Paints a head by where a point lies on the neutral one, and lights it. Linear light until the last line.
in vec3 v_camera;
in vec3 v_normal;
in vec3 v_neutral;
in vec2 v_uv;
flat in int v_part;
in float v_shade;
uniform sampler2D masks;        // r: lips, g: inside of the mouth, b: eyelids
uniform vec3 skin;
uniform vec3 lip;
uniform float lip_strength;
uniform vec3 hair;
uniform vec3 brow;              // height over the eye, thickness, density
uniform float hairline;         // over the eyes
uniform float sideburn;         // how low hair comes beside the ear
uniform float beard;            // density
uniform float moustache;
uniform float beard_reach;      // how high on the cheeks
uniform float beard_half;       // half the width of what is not shaven, 0 = nothing is
uniform vec2 ends;              // of a moustache that goes down beside the mouth: density, how far down
uniform float blush;
uniform float freckles;
uniform float roughness;
uniform vec3 iris;
uniform vec3 teeth;
uniform float brim;             // how dark it is under a hat
uniform float opening;          // of the mouth, 0..1
uniform float seed;
uniform vec3 key_way;           // to the light, in camera space
uniform vec3 key;
uniform vec3 fill_way;
uniform vec3 fill;
uniform vec3 rim_way;
uniform vec3 rim;
uniform vec3 sky;
uniform vec3 ground;
uniform float soft;             // 0 hard .. 1 very soft key light
out vec4 colour;

float hash(vec3 p) {
    p = fract(p * 0.3183099 + vec3(0.71, 0.113, 0.419) + seed * 0.01);
    p *= 17.0;
    return fract(p.x * p.y * p.z * (p.x + p.y + p.z));
}

float noise(vec3 p) {
    vec3 i = floor(p), f = fract(p);
    f = f * f * (3.0 - 2.0 * f);
    return mix(mix(mix(hash(i), hash(i + vec3(1, 0, 0)), f.x), mix(hash(i + vec3(0, 1, 0)), hash(i + vec3(1, 1, 0)), f.x), f.y),
               mix(mix(hash(i + vec3(0, 0, 1)), hash(i + vec3(1, 0, 1)), f.x), mix(hash(i + vec3(0, 1, 1)), hash(i + vec3(1, 1, 1)), f.x), f.y), f.z);
}

const vec3 EYE = vec3(0.31, 7.28, 1.25);
const float MOUTH_Y = 6.61;

float scalp(vec3 q) {
    if (q.y < EYE.y + 0.2 && q.z > 0.45) return 0.0;
    float front = smoothstep(hairline - 0.05, hairline + 0.05, q.y - EYE.y - 0.10 * noise(q * 9.0) - 0.12 * smoothstep(0.35, 0.6, abs(q.x)) * smoothstep(0.6, 0.9, q.z) + 0.75 * smoothstep(0.75, 0.3, q.z));
    float back = smoothstep(0.42, 0.30, q.z) * smoothstep(-sideburn - 0.06, -sideburn + 0.06, q.y - EYE.y - 0.06 * noise(q * 12.0)) * smoothstep(1.25, 1.0, abs(q.x));
    return clamp(max(front, back), 0.0, 1.0);
}

float brow_hair(vec3 q) {
    float x = abs(q.x) - EYE.x, y = q.y - EYE.y;
    float arch = brow.x - 0.9 * pow(max(x - 0.06, 0.0), 2.0) - 0.25 * pow(min(x + 0.05, 0.0), 2.0);
    float thick = brow.y * mix(1.0, 0.45, smoothstep(0.0, 0.26, x));
    float band = smoothstep(thick, thick * 0.35, abs(y - arch));
    if (band <= 0.0) return 0.0;
    float length = smoothstep(-0.22, -0.16, x) * smoothstep(0.29, 0.2, x) * smoothstep(0.9, 1.05, q.z + 0.35 * x);
    float strands = 0.55 + 0.45 * noise(vec3(q.x * 60.0 + q.y * 90.0, q.y * 30.0, q.z * 10.0));
    return band * length * strands * brow.z;
}

float beard_hair(vec3 q, float lips) {
    float x = abs(q.x), y = q.y;
    float jaw = smoothstep(MOUTH_Y + 0.02 + beard_reach, MOUTH_Y - 0.2 + beard_reach, y - 0.55 * max(x - 0.35, 0.0)) * smoothstep(5.98, 6.16, y + 0.25 * smoothstep(1.2, 0.6, q.z)) * smoothstep(0.15, 0.45, q.z);
    float lip_over = smoothstep(0.34, 0.24, x) * smoothstep(MOUTH_Y, MOUTH_Y + 0.05, y) * smoothstep(MOUTH_Y + 0.22, MOUTH_Y + 0.14, y) * smoothstep(1.2, 1.35, q.z);
    if (beard_half > 0.0) jaw *= smoothstep(beard_half + 0.05, beard_half - 0.03, x);
    float beside = smoothstep(0.1, 0.04, abs(x - 0.33)) * smoothstep(MOUTH_Y + 0.14, MOUTH_Y + 0.06, y) * smoothstep(MOUTH_Y - ends.y - 0.03, MOUTH_Y - ends.y + 0.05, y) * smoothstep(0.9, 1.1, q.z);
    float density = max(max(jaw * beard, lip_over * moustache), beside * ends.x);
    if (density <= 0.0) return 0.0;
    float strands = 0.45 + 0.55 * noise(vec3(q.x * 70.0, q.y * 25.0, q.z * 40.0));
    return density * strands * (1.0 - smoothstep(0.15, 0.5, lips));
}

vec3 lit(vec3 albedo, vec3 n, vec3 eye_way, float gloss, float shade, float scatter) {
    float wrap = mix(0.12, 0.5, soft);
    vec3 red = vec3(1.0, 0.55, 0.4) * scatter;
    float k = dot(n, key_way), f = dot(n, fill_way), r = dot(n, rim_way);
    vec3 k3 = clamp((vec3(k) + wrap + red * 0.25) / (1.0 + wrap + red * 0.25), 0.0, 1.0);
    float open_shade = mix(1.0, shade, 0.55);
    vec3 light = key * k3 * open_shade + fill * clamp((f + 0.4) / 1.4, 0.0, 1.0) * open_shade + rim * clamp(r, 0.0, 1.0);
    light += mix(ground, sky, 0.5 + 0.5 * n.y) * shade;
    vec3 h = normalize(key_way + eye_way);
    float facing = pow(1.0 - clamp(dot(n, eye_way), 0.0, 1.0), 4.0);
    float power = mix(60.0, 9.0, roughness);
    float s = pow(clamp(dot(n, h), 0.0, 1.0), power) * gloss * shade;
    vec3 h2 = normalize(fill_way + eye_way);
    float s2 = pow(clamp(dot(n, h2), 0.0, 1.0), power) * gloss * shade;
    return albedo * light + key * s + fill * s2 + (sky * 0.35 + rim * clamp(r, 0.0, 1.0)) * facing * gloss * 2.0 * shade;
}

void main() {
    vec3 n = normalize(v_normal), eye_way = normalize(-v_camera), q = v_neutral;
    if (!gl_FrontFacing) n = -n;
    vec3 c;
    if (v_part == 1) {
        vec3 centre = vec3(q.x > 0.0 ? EYE.x : -EYE.x, EYE.y, EYE.z);
        vec3 d = normalize(q - centre);
        float a = acos(clamp(d.z, -1.0, 1.0));
        float around = noise(vec3(atan(d.y, d.x) * 9.0, a * 4.0, 3.0));
        vec3 ball = mix(vec3(0.62, 0.57, 0.54), vec3(0.55, 0.36, 0.32), smoothstep(0.7, 1.3, a));
        ball = mix(ball, iris * (0.55 + 0.9 * around), smoothstep(0.50, 0.45, a));
        ball = mix(ball, vec3(0.02), smoothstep(0.07, 0.0, abs(a - 0.47)) * 0.6 + smoothstep(0.22, 0.19, a));
        float lid = smoothstep(0.16, 0.02, q.y - EYE.y);
        c = lit(ball * (0.45 + 0.55 * lid), n, eye_way, 0.1, 0.8, 0.2);
        vec3 h = normalize(key_way + eye_way);
        c += key * pow(clamp(dot(n, h), 0.0, 1.0), 220.0) * 0.8;
    } else if (v_part == 2) {
        float inside = mix(0.4, 0.95, smoothstep(0.0, 0.3, opening)) * smoothstep(1.12, 1.44, q.z);
        float gap = 0.85 + 0.15 * smoothstep(0.0, 0.12, abs(fract(q.x * 11.0) - 0.5));
        c = lit(teeth * gap, n, eye_way, 0.06, inside, 0.2) * inside;
    } else if (v_part == 3) {
        float inside = mix(0.1, 0.62, smoothstep(0.0, 0.4, opening)) * smoothstep(0.85, 1.42, q.z);
        c = lit(vec3(0.40, 0.12, 0.10) * (0.8 + 0.3 * noise(q * 30.0)), n, eye_way, 0.05, inside, 0.4) * inside;
    } else if (v_part == 4) {
        c = lit(mix(hair, skin, 0.25) * 0.4, n, eye_way, 0.02, 1.0, 0.0);
    } else {
        vec3 m = texture(masks, v_uv).rgb;
        float lips = smoothstep(0.25, 0.75, m.r), inside = smoothstep(0.2, 0.6, m.g);
        float broad = noise(q * 2.3), fine = noise(q * 21.0), pores = noise(q * 75.0);
        vec3 albedo = skin * (0.90 + 0.16 * broad + 0.07 * (fine - 0.5) + 0.06 * (pores - 0.5));
        float cheek = exp(-8.0 * (pow(abs(q.x) - 0.52, 2.0) + pow(q.y - 6.95, 2.0))) + 0.8 * exp(-30.0 * (q.x * q.x + pow(q.y - 6.93, 2.0))) * step(1.3, q.z);
        albedo *= mix(vec3(1.0), vec3(1.08, 0.80, 0.78), clamp(cheek * blush, 0.0, 1.0));
        if (freckles > 0.0) albedo *= mix(vec3(1.0), vec3(0.78, 0.66, 0.60), smoothstep(0.74, 0.8, noise(q * 30.0 + 5.0)) * freckles);
        albedo *= mix(vec3(1.0), vec3(0.85, 0.72, 0.72), smoothstep(0.3, 0.9, m.b) * 0.5);
        if (lips > 0.0) {
            float lines = 0.88 + 0.24 * noise(vec3(q.x * 55.0, q.y * 7.0, q.z * 7.0));
            albedo = mix(albedo, lip * lines, lips * lip_strength);
        }
        float hairy = scalp(q);
        albedo = mix(albedo, hair * 0.7, clamp(beard_hair(q, lips) + brow_hair(q), 0.0, 1.0));
        if (hairy > 0.0) {
            float strands = 0.55 + 0.6 * noise(vec3(q.x * 34.0, q.y * 5.0, q.z * 34.0)) + 0.35 * (noise(vec3(q.x * 110.0, q.y * 9.0, q.z * 110.0)) - 0.5);
            albedo = mix(albedo, hair * strands, hairy);
        }
        if (brim > 0.0) albedo *= 1.0 - 0.6 * brim * smoothstep(EYE.y - 0.05, EYE.y + 0.5, q.y) * smoothstep(0.4, 0.9, q.z);
        float gloss = mix(mix(0.10, 0.22, lips), 0.05, hairy) * (1.0 - 0.6 * roughness) * (0.7 + 0.6 * pores);
        c = lit(albedo, n, eye_way, gloss, v_shade, 1.0 - hairy);
        float cave = smoothstep(1.49, 1.36, q.z);
        c = mix(c, vec3(0.15, 0.04, 0.03) * (key + sky) * 0.5 * mix(0.15, 0.6, smoothstep(0.0, 0.5, opening)) * (1.0 - 0.85 * cave), inside);
    }
    c = c / (1.0 + 0.18 * c);
    colour = vec4(pow(clamp(c, 0.0, 1.0), vec3(1.0 / 2.2)), 1.0);
}
