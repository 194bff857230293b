"""CGI people that speak: seeded heads, performances and scenes, rendered into the pack that trainers read."""
