"""What a run costs: operations counted by hand, times that make sense, kept with the machine."""

import json

import pytest

from segcore.cli import main
from segcore.errors import RunError
from segcore.evaluation import cost
from segcore.evaluation.cost import measure_apart, measure_cost, stored_cost
from segcore.models import flops
from segcore.runs import get_run
from tests.factories.fake_runs import make_run


def test_operations_are_those_counted_by_hand() -> None:
    import keras
    from keras import layers, ops

    class Attention(layers.Layer):
        def call(self, x):  # (B, H, W, C)
            flat = ops.reshape(x, (1, 8 * 12, 5))
            affinity = ops.matmul(flat, ops.transpose(flat, (0, 2, 1)))
            return ops.reshape(ops.einsum("bnm,bmc->bnc", affinity, flat), ops.shape(x))

    image = keras.Input((16, 24, 3))
    x = layers.Conv2D(5, 3, strides=2, padding="same")(image)  # 8 x 12 x 5 of 3 x 3 x 3
    x = layers.DepthwiseConv2D(3, padding="same", dilation_rate=2)(x)  # 8 x 12 x 5 of 3 x 3
    x = Attention()(x)  # twice 96 x 96 x 5
    x = layers.Dense(7)(x)  # 96 x 5 x 7
    x = layers.Conv2DTranspose(4, 2, strides=2)(x)  # 96 x 7 of 2 x 2 x 4
    by_hand = 96 * 5 * 27 + 96 * 5 * 9 + 2 * 96 * 96 * 5 + 96 * 5 * 7 + 96 * 7 * 16
    assert flops.multiply_adds(keras.Model(image, x), (1, 16, 24, 3)) == by_hand


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "BATCHES", (1, 2))
    monkeypatch.setattr(cost, "SCALES", (1.0, 2.0))
    monkeypatch.setattr(cost, "REPEATS", 8)


@pytest.mark.usefixtures("_quick")
def test_a_measurement_is_kept_for_its_weights_and_told_with_its_machine(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = make_run()
    assert stored_cost(run) is None
    told: list[tuple[int, int]] = []
    found = measure_cost(run, lambda *step: told.append(step))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert stored_cost(run) == found
    assert found.machine.startswith("Keras, CPU") and "CPU cores" in found.machine
    sizes = [(timing.batch, timing.width, timing.height) for timing in found.timings]
    assert sizes == [(1, 32, 24), (1, 64, 48), (2, 32, 24), (2, 64, 48)]
    for timing in found.timings:
        assert 0 < timing.p50_ms <= timing.p95_ms and timing.repeats == 8
        assert timing.images_per_second * timing.p95_ms > 0.5 * 1000 * timing.batch
        assert timing.peak_memory_bytes is None or timing.peak_memory_bytes > 50e6
    trained_at = [timing.images_per_second for timing in found.timings if timing.width == 64]
    assert found.typical.width == 64 and found.throughput == max(trained_at)
    assert found.flops is not None and found.flops > 2 * 24 * 32 * 34
    other = make_run("unet-camvid-20250101-000000-bbbb", seed=1)
    cost.cost_files(other)[0].write_bytes(cost.cost_files(run)[0].read_bytes())
    assert stored_cost(other) is None  # of other weights
    assert main(["cost", "--run", run.name]) == 0
    assert "batch 2 of 64x48: p50" in capsys.readouterr().out


@pytest.mark.usefixtures("_quick")
def test_a_shipped_run_comes_with_its_cost_until_it_is_measured_here() -> None:
    run = make_run()
    elsewhere = measure_cost(run)
    record = json.dumps({**run.record, "shipped": True})
    (run.path / "run.json").write_text(record)
    shipped = get_run(run.name)
    cost.ship_cost(shipped)
    assert cost.is_measured_here(shipped)
    cost.cost_files(shipped)[0].unlink()
    assert stored_cost(shipped) == elsewhere and not cost.is_measured_here(shipped)
    here = measure_cost(shipped)
    assert stored_cost(shipped) == here and cost.is_measured_here(shipped)
    assert cost.read_cost(shipped.path / cost.SHIPPED_COST) == elsewhere


def test_a_damaged_file_counts_as_none() -> None:
    run = make_run()
    cost.cost_files(run)[0].parent.mkdir(parents=True)
    for content in (b"{", b"[]", b'{"timings": [{}]}'):
        cost.cost_files(run)[0].write_bytes(content)
        assert stored_cost(run) is None


def test_the_process_apart_says_why_it_failed() -> None:
    run = make_run()
    weights = run.path / "best.weights.h5"
    weights.write_bytes(weights.read_bytes()[:-10])
    with pytest.raises(RunError, match="cannot be measured; .*does not match its hash"):
        measure_apart(run, lambda done, total: None)
