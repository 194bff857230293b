"""Networks that draw lips: recipes, what is learned from and by which terms, one actor, lead."""
