"""Write the models beside this file: weights from Keras, an input x, and Keras' output for it.

Some are written in Keras' own formats too, with x and the output in the .npz of the same name.

Needs what the tests do not: Keras, and PyTorch with KERAS_BACKEND=torch. The files here
were written by Keras 3.15.1.
"""

from pathlib import Path

import keras
import numpy as np
from keras import layers

FOLDER = Path(__file__).parent
T, D = 12, 3

OWN_FORMATS = (
    "lstm_stack",
    "gru_reset_before",
    "lstm_relu",
    "wrapped",
    "bidirectional",
    "both_ways",
)

MODELS = {
    "lstm": [layers.LSTM(4, return_sequences=True)],
    "lstm_stack": [layers.LSTM(size, return_sequences=True) for size in (5, 4, 3)],
    "gru": [layers.GRU(4, return_sequences=True)],
    "gru_reset_before": [layers.GRU(4, return_sequences=True, reset_after=False)],
    "gru_without_bias": [layers.GRU(4, return_sequences=True, use_bias=False)],
    "rnn_relu": [layers.SimpleRNN(4, activation="relu", return_sequences=True)],
    "lstm_and_dense": [layers.LSTM(4, return_sequences=True), layers.Dense(2)],
    "bidirectional": [layers.Bidirectional(layers.LSTM(4, return_sequences=True))],
    "lstm_relu": [
        layers.LSTM(
            4, activation="relu", recurrent_activation="hard_sigmoid", return_sequences=True
        )
    ],
    "wrapped": [
        layers.RNN([layers.LSTMCell(4), layers.GRUCell(3)], return_sequences=True),
        layers.Dropout(0.5),
        layers.RNN(layers.SimpleRNNCell(3, activation="softsign"), return_sequences=True),
    ],
    "both_ways": [
        layers.Bidirectional(layers.LSTM(3, return_sequences=True), merge_mode="sum"),
        layers.Bidirectional(layers.GRU(4, return_sequences=True), merge_mode="mul"),
        layers.Dropout(0.5),
        layers.Bidirectional(layers.LSTM(2, return_sequences=True), merge_mode="ave"),
        layers.Bidirectional(layers.SimpleRNN(2, return_sequences=True)),
        layers.LSTM(3, return_sequences=True),
    ],
}

for number, (name, stack) in enumerate(MODELS.items()):
    generator = np.random.default_rng(number)
    model = keras.Sequential([keras.Input((T, D)), *stack])
    # Keras begins with biases of zero, which would hide one that is misread.
    model.set_weights([generator.normal(size=w.shape) / 2 for w in model.weights])
    x = generator.normal(size=(1, T, D)).astype(np.float32)
    output = model.predict(x, verbose=0)[0]
    weights = {w.path: w.numpy() for w in model.weights}
    np.savez(FOLDER / f"{name}.npz", config=model.to_json(), **weights, x=x[0], output=output)
    if name in OWN_FORMATS:
        for suffix in (".keras", ".h5", ".weights.h5"):
            save = model.save_weights if suffix == ".weights.h5" else model.save
            save(FOLDER / f"{name}{suffix}")
