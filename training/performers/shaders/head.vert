#version 330
// Per vertex: place and normal in the head's space, place on the neutral head, paint coordinates, part, shade.
in vec3 place;
in vec3 normal;
in vec3 neutral;
in vec2 uv;
in vec2 part_shade;
uniform mat4 head_to_camera;
uniform mat4 camera_to_clip;
out vec3 v_camera;
out vec3 v_normal;
out vec3 v_neutral;
out vec2 v_uv;
flat out int v_part;
out float v_shade;

void main() {
    vec4 camera = head_to_camera * vec4(place, 1.0);
    v_camera = camera.xyz;
    v_normal = mat3(head_to_camera) * normal;
    v_neutral = neutral;
    v_uv = uv;
    v_part = int(part_shade.x + 0.5);
    v_shade = part_shade.y;
    gl_Position = camera_to_clip * camera;
}
