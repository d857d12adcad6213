"""The API: routes and what stands behind them."""
