"""Fine-tuning: training that starts from trained networks, on the user's own images."""
