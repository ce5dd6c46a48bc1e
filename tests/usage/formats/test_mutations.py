"""No content makes a format raise: every record is counted, skipped or rejected with a reason, on both paths."""

import random

import pytest

from dashboard.usage.formats.aggregated import AggregatedFormat
from dashboard.usage.formats.detect import detect
from dashboard.usage.formats.documents import DocumentFormat
from dashboard.usage.formats.fast_path import FastPathFormat
from dashboard.usage.formats.registry import FORMATS
from dashboard.usage.ingest.worker import pack_batch, unpack_batch
from dashboard.usage.records import Batch, last_hour
from tests.thorough import examples
from tests.usage.conftest import NOW
from tests.usage.formats.mutations import mutate, samples

MUTATIONS = examples(60)  # of each format; a thorough run tries ten times as many, with other seeds


def decode(reader, data: bytes, how: str = "decode") -> Batch:
    batch = Batch(last_hour(NOW))
    getattr(reader, how)(data, batch, 1, 0)
    return batch


def assert_whole(batch: Batch) -> None:
    counted = batch.accepted + batch.rejected + batch.duplicates + batch.skipped
    assert counted >= batch.lines
    assert all(reject.reason for reject in batch.rejects)
    assert unpack_batch(pack_batch(batch)).totals == batch.totals


@pytest.mark.parametrize("name", FORMATS)
def test_mutated_samples_are_counted_or_rejected_but_never_raise(name):
    seeds, known = samples(name), FORMATS[name]
    assert seeds
    for number in range(MUTATIONS):
        data = mutate(random.Random(f"{name} {number}"), random.Random(number).choice(seeds))
        detect(data)
        reader = known
        if isinstance(known, AggregatedFormat):
            reader = known.for_file(data.partition(b"\n")[0] + b"\n", {})
        slow = decode(reader, data)
        assert_whole(slow)
        if isinstance(reader, DocumentFormat):
            assert_whole(decode(reader, data, "decode_document"))
        if isinstance(reader, FastPathFormat):
            fast = reader.decode_fast([data], last_hour(NOW), 0, 0)
            if fast is not None and not slow.duplicates:
                assert_whole(fast)
                assert fast.totals == slow.totals
                assert [r.reason for r in fast.rejects] == [r.reason for r in slow.rejects]
