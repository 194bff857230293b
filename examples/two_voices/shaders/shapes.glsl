// Where hair and clothes end. Appended to the head's shader (for its noise).
uniform vec4 cut;           // parting, forehead, temple, lowest (see cast.Cut)
uniform float hem;
uniform vec2 neckline;      // front, how much higher behind

float hair_edge(vec3 q) {
    float angle = atan(q.x, q.z - 0.57);
    float swept = abs(angle - cut.x);
    float edge = cut.y + 0.10 * smoothstep(0.25, 0.0, swept) - 0.30 * smoothstep(0.0, 1.1, swept);
    return mix(edge, cut.w, smoothstep(cut.z - 0.18, cut.z + 0.22, abs(angle)));
}

float under_neckline(vec3 q) {
    float edge = neckline.x + neckline.y * smoothstep(0.75, -0.25, q.z);
    return edge - q.y + 2.5 * max(abs(q.x) - 0.55, 0.0);
}

// How far a point lies inside the surface that it is on (negative: cut away).
float inside_outline(int part, vec3 q) {
    if (part == 5) {
        float angle = atan(q.x, q.z - 0.57);
        float fine = noise(vec3(angle * 46.0, q.y * 1.7, 2.0)), finer = noise(vec3(angle * 130.0, q.y * 2.6, 7.0));
        float over = q.y - hair_edge(q) + 0.07 * (fine - 0.5) + 0.05 * (finer - 0.5);
        return min(over, q.y - hem - 0.10 * fine - 0.03 * finer);
    }
    return part == 6 ? under_neckline(q) : 1.0;
}
