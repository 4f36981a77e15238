import sys
from types import SimpleNamespace

import pytest
import torch

from bakeoff.pipelines.machine import stopwatch
from bakeoff.pipelines.machine.device import bytes_to_hold, choose_device, exact_products, free_bytes, is_on
from bakeoff.pipelines.machine.stopwatch import measure


@pytest.fixture
def gpu(monkeypatch):
    """What torch says of a GPU of 80 bytes, of which 10 are free, and 5 of 20 that torch holds unused."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (10, 80))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 20)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 15)
    return torch.device("cuda")


def test_an_accelerator_is_taken_where_there_is_one_unless_another_device_is_named(gpu):
    assert choose_device() == choose_device("cuda") == gpu
    assert choose_device("cpu") == torch.device("cpu")


def test_a_device_that_is_not_there_is_one_line_that_names_those_that_are(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device() == torch.device("cpu")
    with pytest.raises(ValueError, match="there is no device cuda here: use one of cpu, or leave it out"):
        choose_device("cuda")


def test_an_eighth_of_the_memory_is_left_for_the_work(gpu):
    assert (free_bytes(gpu), bytes_to_hold(gpu)) == (15, 5)


@pytest.mark.parametrize(
    ("tensors", "asked", "expected"),
    [("cuda:0", "cuda", True), ("cuda:1", "cuda:1", True), ("cuda:0", "cuda:1", False), ("cpu", "cuda", False)],
)
def test_a_device_without_a_number_is_the_one_that_tensors_are_on(tensors, asked, expected):
    tensor = SimpleNamespace(device=torch.device(tensors))
    assert is_on(tensor, torch.device(asked)) == expected


def test_products_are_exact_inside_and_as_before_outside():
    torch.set_float32_matmul_precision("high")
    try:
        with exact_products():
            assert torch.get_float32_matmul_precision() == "highest"
            assert not torch.backends.cudnn.allow_tf32
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision("highest")


def test_energy_is_the_difference_of_the_drivers_counter_or_not_told(monkeypatch):
    with measure("here", "training") as clock:
        pass
    assert clock.stage.joules is None
    counts = iter([1000, 5000, 9500])  # millijoules; the first one only shows that the driver counts
    driver = SimpleNamespace(
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByUUID=lambda uuid: uuid,
        nvmlDeviceGetTotalEnergyConsumption=lambda handle: next(counts),
    )
    monkeypatch.setitem(sys.modules, "pynvml", driver)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: SimpleNamespace(uuid="7"))
    stopwatch._meter.cache_clear()
    with measure("there", "training") as clock:
        pass
    stopwatch._meter.cache_clear()
    assert clock.stage.joules == pytest.approx(4.5)
