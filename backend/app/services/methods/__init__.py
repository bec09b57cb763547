"""Ways of using a model: each turns an example into a prediction."""
