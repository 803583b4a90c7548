"""Downloads: the row of buttons, the files behind them, and the browser that draws pictures."""
