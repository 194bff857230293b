// Paints what outline.frag has left standing: hair, clothes, and their shadows on skin. Appended to the head's
// shader, whose main() is renamed to head(), and to shapes.glsl.
uniform vec3 cloth;

vec3 display(vec3 c) {
    c = c / (1.0 + 0.18 * c);
    return pow(clamp(c, 0.0, 1.0), vec3(1.0 / 2.2));
}

vec3 strand_light(vec3 n, vec3 eye_way, vec3 way, float sharp) {
    vec3 down = normalize(vec3(0.0, -1.0, 0.0) + n * n.y);
    float along = dot(down, normalize(way + eye_way));
    return vec3(pow(max(1.0 - along * along, 0.0), sharp) * clamp(dot(n, way) * 0.7 + 0.3, 0.0, 1.0));
}

void main() {
    vec3 q = v_neutral, eye_way = normalize(-v_camera), n = normalize(v_normal);
    if (v_part == 5) {
        float angle = atan(q.x, q.z - 0.57);
        float fine = noise(vec3(angle * 46.0, q.y * 1.7, 2.0)), finer = noise(vec3(angle * 130.0, q.y * 2.6, 7.0));
        float over = q.y - hair_edge(q) + 0.07 * (fine - 0.5) + 0.05 * (finer - 0.5);
        float inner = gl_FrontFacing ? 1.0 : 0.25;
        if (!gl_FrontFacing) n = -n;
        n = normalize(n + vec3(0.30 * (fine - 0.5) + 0.22 * (finer - 0.5), 0.0, 0.0));
        float strands = 0.45 + 0.65 * fine + 0.45 * (finer - 0.5);
        float depth = mix(0.6, 1.0, smoothstep(0.0, 0.25, over));
        vec3 c = lit(hair * strands * 1.35, n, eye_way, 0.0, depth, 0.0);
        c += (hair * 1.8 + 0.02) * key * strand_light(n, eye_way, key_way, 26.0) * strands;
        c += (hair * 1.2 + 0.02) * rim * strand_light(n, eye_way, rim_way, 10.0) * 0.8;
        colour = vec4(display(c * inner * depth), 1.0);
    } else if (v_part == 6) {
        float under = under_neckline(q);
        if (!gl_FrontFacing) n = -n;
        float rib = smoothstep(0.075, 0.065, under);
        float weave = 0.85 + 0.3 * noise(q * vec3(26.0, 40.0, 26.0));
        float ribs = 0.8 + 0.4 * smoothstep(-0.4, 0.4, sin(atan(q.x, q.z - 0.1) * 90.0));
        float folds = 0.85 + 0.3 * noise(vec3(q.x * 1.6, q.y * 2.4, q.z * 1.6));
        vec3 c = lit(cloth * mix(weave, ribs, rib) * folds, n, eye_way, 0.015, 0.9, 0.1);
        colour = vec4(display(c * mix(1.0, 0.6, smoothstep(0.014, 0.005, abs(under - 0.072)))), 1.0);
    } else if (v_part == 2) {
        float gap = 0.82 + 0.18 * smoothstep(0.0, 0.12, abs(fract(q.x * 11.0) - 0.5));
        float shown = mix(0.30, 1.0, smoothstep(0.0, 0.35, opening));
        vec3 front = lit(teeth * gap, n, eye_way, 0.05, 0.8, 0.2) * shown;
        vec3 deep = vec3(0.085, 0.028, 0.024) * (key + sky) * 0.5;
        colour = vec4(display(mix(deep, front, smoothstep(1.12, 1.44, q.z))), 1.0);
    } else {
        head();
        if (v_part == 0) {
            float under_hair = smoothstep(-0.24, 0.02, q.y - hair_edge(q) + 0.05 * (noise(q * 14.0) - 0.5)) * smoothstep(0.3, 0.5, q.z) * smoothstep(6.1, 6.5, q.y);
            float under_chin = smoothstep(6.28, 6.02, q.y) * smoothstep(-0.1, 0.4, q.z);
            float at_collar = smoothstep(0.14, 0.0, -under_neckline(q));
            colour.rgb *= (1.0 - 0.42 * under_hair) * (1.0 - 0.34 * under_chin) * (1.0 - 0.35 * at_collar);
        }
    }
}
