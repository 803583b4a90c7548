"""An embedding in front of a recurrent layer: token ids go in."""

import pickle

import numpy as np
import pytest
from support.needed import needed_module

import gradflow as gf

torch = needed_module("torch", "needs PyTorch: pip install -r requirements-torch.txt")
IDS = np.array([3, 0, 8, 8, 1])


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(9, 4)
        self.rnn = torch.nn.LSTM(4, 4)
        self.fc = torch.nn.Linear(4, 9)

    def forward(self, ids):
        return self.fc(self.rnn(self.embedding(ids))[0])


torch.manual_seed(2)
NET = Network().double()


@pytest.mark.parametrize("ids", [IDS, IDS.tolist(), IDS.astype(np.uint8)])
def test_token_ids_are_looked_up(ids):
    model = gf.from_state_dict(NET.state_dict(), readout="fc")
    expected = NET(torch.from_numpy(IDS)).detach().numpy()
    np.testing.assert_allclose(gf.gradient_flow(model, ids).trace.o, expected, rtol=1e-12)
    np.testing.assert_array_equal(model.embedding, NET.embedding.weight.detach().numpy())
    assert "Embedding embedding.weight: 9 tokens as vectors of D = 4" in model.description[0]


def test_a_model_with_an_embedding_goes_to_other_processes():
    model = pickle.loads(pickle.dumps(gf.from_state_dict(NET.state_dict())))
    assert len(IDS) == gf.gradient_flow(model, IDS).T


def test_vectors_go_in_as_well():
    model = gf.from_module(NET)
    flows = [gf.gradient_flow(model, x) for x in (IDS, model.embedding[IDS])]
    np.testing.assert_array_equal(flows[0].log10("w_x"), flows[1].log10("w_x"))


def test_an_embedding_is_not_offered_as_a_readout():
    assert gf.from_state_dict(NET.state_dict()).linear_layers == ("fc",)


@pytest.mark.parametrize("wrong", [9, -1])
def test_ids_must_be_those_of_the_embedding(wrong):
    model = gf.from_state_dict(NET.state_dict())
    with pytest.raises(ValueError, match=f"x must have token ids from 0 to 8, .* Got {wrong}"):
        gf.gradient_flow(model, [1, wrong])


def test_of_two_tables_that_fit_that_beside_the_layer_is_used_or_none():
    weights = {f"enc_{name}": np.ones((9, 3)) for name in ("w_ih", "w_hh")}
    weights |= {"enc_emb": np.ones((5, 3)), "dec_emb": np.ones((7, 3))}
    assert gf.from_state_dict(weights, gates="rzn", cell="gru").embedding.shape == (5, 3)
    others = {"a.embedding.weight": np.ones((5, 3)), "b.embedding.weight": np.ones((7, 3))}
    lstm = {f"rnn.{name}": w for name, w in torch.nn.LSTM(3, 4).state_dict().items()}
    assert gf.from_state_dict(lstm | others).embedding is None


@pytest.mark.parametrize(
    "name",
    ["embed/embedding", "embedding/embeddings:0", "word_embeddings.weight", "wte.weight"],
)
def test_an_embedding_is_known_by_its_name(name):
    lstm = {f"rnn.{end}": w for end, w in torch.nn.LSTM(3, 4).state_dict().items()}
    assert gf.from_state_dict(lstm | {name: np.ones((6, 3))}).embedding.shape == (6, 3)
