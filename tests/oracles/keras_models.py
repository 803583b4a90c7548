"""Small models of Keras around a recurrent layer, on PyTorch."""

import keras
import numpy as np
from keras import layers

T, D = 7, 3
IDS = np.array([[1, 2, 3, 4, 5, 6, 7], [3, 1, 2, 5, 0, 0, 0], [0, 0, 4, 0, 2, 1, 0]])
CLASSES = np.array([1, 0, 1])


def classifier(*recurrent, reads=lambda made: made, mask=True, **options):
    """Token ids, of which 0 does not count, to two logits."""
    keras.utils.set_random_seed(0)
    ids = keras.Input((T,), batch_size=len(IDS))
    x = layers.Embedding(9, D, mask_zero=mask)(ids)
    for layer in recurrent:
        x = layer(x, **options)
    x = reads(x)
    if len(x.shape) == 3:
        x = layers.GlobalAveragePooling1D()(x)
    model = keras.Model(ids, layers.Dense(2)(layers.Dropout(0.5)(x)))
    generator = np.random.default_rng(0)
    # Keras begins with biases of zero, which would hide one that is misread.
    for weight in model.trainable_weights:
        weight.assign(generator.normal(size=weight.shape) / 2)
    return model


def loss_of(classes):
    """From what a model makes to its loss."""
    entropy = keras.losses.sparse_categorical_crossentropy
    return lambda made: keras.ops.mean(entropy(classes, made, from_logits=True))
