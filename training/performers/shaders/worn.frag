// Paints hair, cloth, frames, glasses and whiskers. Appended to the head's shader (for its light and noise), whose
// main() is renamed to head(). What is here is seen from both sides, and glass is looked through.
uniform vec3 cloth;
uniform float knit;             // 1: ribbed wool
uniform vec3 frame;
uniform vec4 lens;              // tint, and how much of what lies behind it takes

vec3 display(vec3 c) {
    c = c / (1.0 + 0.18 * c);
    return pow(clamp(c, 0.0, 1.0), vec3(1.0 / 2.2));
}

float strand_light(vec3 n, vec3 eye_way, vec3 way, float sharp) {
    vec3 down = normalize(vec3(0.0, -1.0, 0.0) + n * n.y);
    float along = dot(down, normalize(way + eye_way));
    return pow(max(1.0 - along * along, 0.0), sharp) * clamp(dot(n, way) * 0.7 + 0.3, 0.0, 1.0);
}

void main() {
    vec3 q = v_neutral, eye_way = normalize(-v_camera), n = normalize(v_normal);
    if (!gl_FrontFacing) n = -n;
    if (v_part == 5) {
        float fine = noise(vec3(v_uv.x * 260.0, q.y * 1.6, 2.0)), finer = noise(vec3(v_uv.x * 720.0, q.y * 2.4, 7.0));
        if (v_uv.y > 0.90 && v_uv.y + 0.1 * fine + 0.06 * finer > 1.04) discard;
        n = normalize(n + vec3(0.30 * (fine - 0.5) + 0.22 * (finer - 0.5), 0.0, 0.0));
        float strands = 0.45 + 0.65 * fine + 0.45 * (finer - 0.5);
        vec3 c = lit(hair * strands * 1.3, n, eye_way, 0.0, 0.9, 0.0);
        vec3 shine = min(hair, vec3(0.09)) * 1.8 + 0.012;
        c += shine * key * strand_light(n, eye_way, key_way, 26.0) * strands;
        c += shine * rim * strand_light(n, eye_way, rim_way, 10.0) * 0.6;
        colour = vec4(display(c * (gl_FrontFacing ? 1.0 : 0.25)), 1.0);
    } else if (v_part == 6) {
        float weave = 0.85 + 0.3 * noise(q * vec3(32.0, 50.0, 32.0));
        float ribs = 0.62 + 0.38 * smoothstep(-0.7, 0.5, sin(v_uv.x * 420.0)) * (0.85 + 0.3 * noise(vec3(v_uv.x * 70.0, v_uv.y * 40.0, 1.0)));
        float cuff = knit * smoothstep(0.012, 0.0, abs(v_uv.y - 0.745)) * 0.5;
        vec3 c = lit(cloth * mix(weave, ribs, knit) * (0.9 + 0.2 * noise(q * 2.2)), n, eye_way, 0.015, 0.9, 0.1);
        colour = vec4(display(c * (1.0 - cuff) * (gl_FrontFacing ? 1.0 : 0.4)), 1.0);
    } else if (v_part == 7) {
        vec3 c = lit(frame, n, eye_way, 0.5 * (1.0 - 0.5 * roughness), 0.95, 0.0);
        vec3 h = normalize(key_way + eye_way);
        colour = vec4(display(c + key * pow(clamp(dot(n, h), 0.0, 1.0), 90.0) * 0.5), 1.0);
    } else if (v_part == 8) {
        vec3 back = reflect(-eye_way, n);
        float glancing = 0.04 + 0.6 * pow(1.0 - clamp(dot(n, eye_way), 0.0, 1.0), 5.0);
        vec3 sheen = mix(ground, sky, smoothstep(-0.2, 0.5, back.y)) * glancing;
        sheen += key * smoothstep(mix(0.985, 0.93, soft), mix(0.99, 0.97, soft), dot(back, key_way)) * 0.55;
        sheen += fill * smoothstep(0.95, 0.98, dot(back, fill_way)) * 0.3;
        vec3 seen = display(sheen + lens.rgb * lens.a * (sky + ground));
        float covers = clamp(max(lens.a, max(seen.r, max(seen.g, seen.b)) * 0.9), 0.0, 1.0);
        colour = vec4(seen * covers, covers);
    } else {
        float fine = noise(vec3(v_uv.x * 90.0 + 14.0 * (v_uv.y - 0.5) * (v_uv.x - 0.5), v_uv.y * 2.0, 2.0));
        float finer = noise(vec3(v_uv.x * 230.0, v_uv.y * 4.0, 7.0));
        float edge = min(min(v_uv.x, 1.0 - v_uv.x) * 6.0, min(v_uv.y * 3.0, (1.0 - v_uv.y) * 5.0));
        if (edge < 0.45 * fine + 0.3 * finer - 0.1) discard;
        n = normalize(n + vec3(0.6 * (fine - 0.5) + 0.4 * (finer - 0.5), -0.15, 0.0));
        float strands = 0.35 + 0.7 * fine + 0.5 * (finer - 0.5);
        vec3 c = lit(hair * 1.1 * strands, n, eye_way, 0.04, mix(0.55, 1.0, smoothstep(0.0, 0.4, edge)), 0.0);
        c += (hair + 0.01) * key * strand_light(n, eye_way, key_way, 20.0) * strands * 0.6;
        colour = vec4(display(c), 1.0);
    }
}
