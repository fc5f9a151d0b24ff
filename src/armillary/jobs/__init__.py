"""Jobs in the background: model, store, results, runners. A library that knows neither HTTP nor pixels."""
