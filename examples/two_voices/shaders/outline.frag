// First pass: depth alone, so that the second paints no hidden point. Edges cover a part of a pixel's four samples.
void main() {
    if (v_part < 5) {
        gl_SampleMask[0] = 15;
        return;
    }
    float inside = inside_outline(v_part, v_neutral);
    int samples = int(clamp(inside / max(fwidth(inside), 1e-5) + 0.5, 0.0, 1.0) * 4.0 + 0.5);
    if (samples == 0) discard;
    gl_SampleMask[0] = samples == 4 ? 15 : samples == 3 ? 11 : samples == 2 ? 9 : 2;
}
