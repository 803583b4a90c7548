"""Write keras_2.h5 beside this file as Keras 2 does, and keras_2.npz: an input, and its output.

Needs what the tests do not: TensorFlow, which Keras 2 runs on. The files here were written by
Keras 2.15.0.
"""

from pathlib import Path

import numpy as np
from tensorflow import keras
from tensorflow.keras import layers

FOLDER = Path(__file__).parent
T, D = 12, 3

generator = np.random.default_rng(0)
model = keras.Sequential(
    [
        keras.Input((T, D)),
        layers.Bidirectional(
            layers.LSTM(4, recurrent_activation="hard_sigmoid", return_sequences=True)
        ),
        layers.Dropout(0.5),
        layers.GRU(3, reset_after=False, return_sequences=True),
        layers.TimeDistributed(layers.Dense(2)),
    ]
)
# Keras begins with biases of zero, which would hide one that is misread.
model.set_weights([generator.normal(size=w.shape) / 2 for w in model.weights])
x = generator.normal(size=(1, T, D)).astype(np.float32)
np.savez(FOLDER / "keras_2.npz", x=x[0], output=model.predict(x, verbose=0)[0])
model.save(FOLDER / "keras_2.h5", include_optimizer=False)
