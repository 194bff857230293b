"""The paper's own networks by the paper's own recipes, its baselines and its ablations."""
