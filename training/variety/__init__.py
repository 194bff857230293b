"""What changes clips as they are drawn, so that few people are many: pictures, sound, tempo, disguise."""
