"""Fewer classes than the data has: what a person writes, and what becomes of masks and counts."""

import numpy as np
import pytest

from segcore.data.sources.camvid import CAMVID_MERGES
from segcore.errors import DataError
from segcore.labels import CITYSCAPES, IDS, NO_LABEL, ClassMap, Label, LabelSpace, metrics
from segcore.labels.class_map import between, common
from segcore.labels.merge_syntax import in_words, merging

SPACE = LabelSpace.made(
    "farm",
    (
        Label(0, "void", (0, 0, 0), is_scored=False, is_void=True),
        Label(1, "wheat", (200, 200, 0), (1, 1, 1)),
        Label(2, "maize", (100, 200, 0), (2, 2, 2)),
        Label(4, "track", (90, 90, 90), (4, 4, 4)),
        Label(5, "shed", (150, 0, 0), (5, 5, 5), is_scored=False),
    ),
)
TRUTH = np.array([[0, 1, 2, 4, 5, 1, 255]], np.uint8)


def test_merged_classes_are_numbered_in_the_order_of_the_data() -> None:
    map_ = merging(SPACE, ["wheat, Maize = crop"])
    assert map_.target.names == ("crop", "track", "shed")
    assert [label.is_scored for label in map_.target.labels] == [True, True, False]
    assert map_.target.by_id[0].color == (200, 200, 0)
    assert map_.target.policy == "farm-merged-2"
    np.testing.assert_array_equal(map_.mask(TRUTH), [[255, 0, 0, 1, 2, 0, 255]])


def test_one_option_keeps_some_classes_and_makes_one_of_the_rest() -> None:
    map_ = merging(SPACE, ["track; rest=other"])
    assert map_.target.names == ("other", "track")
    colors = {label.color for label in map_.target.labels}
    assert len(colors) == 2 and len({label.safe_color for label in map_.target.labels}) == 2
    np.testing.assert_array_equal(map_.mask(TRUTH), [[255, 0, 0, 1, 0, 0, 255]])
    ten = "road,sidewalk,building,pole,vegetation,sky,person,car,bicycle; rest=other"
    assert len(merging(CITYSCAPES, [ten]).target.labels) == 10


@pytest.mark.parametrize("ignore", [["wheat,shed"], ["1", "5"], ["shed", "wheat"]])
def test_ignored_classes_have_no_label(ignore: list[str]) -> None:
    map_ = merging(SPACE, [], ignore)
    assert map_.target.names == ("maize", "track")
    np.testing.assert_array_equal(map_.mask(TRUTH), [[255, 255, 0, 1, 255, 255, 255]])


def test_the_rest_may_be_ignored() -> None:
    assert merging(SPACE, ["wheat; track"], ["rest"]).target.names == ("wheat", "track")


@pytest.mark.parametrize(
    ("merge", "ignore", "said"),
    [
        (["weat,track=x"], [], "farm has no class 'weat'; the nearest are wheat"),
        (["wheat,maize=x"], ["zebra"], "'zebra'; its classes are void, wheat, maize"),
        (["wheat,maize=x; wheat,track=y"], [], "wheat is named twice"),
        (["wheat,maize=x"], ["wheat"], "wheat is named twice"),
        (["wheat,maize=track"], [], "two classes have the name track"),
        (["=x"], [], "write CLASS,CLASS=NAME"),
        ([" , =x"], [], "write CLASS,CLASS=NAME"),
        (["rest=other"], [], "Fewer than two classes"),
        (["wheat; rest=x"], ["rest"], "both ignored and x"),
        (["wheat,maize,track,shed=x; rest=y"], [], "There is no rest"),
        (["wheat; track"], ["maize", "wheat"], "named twice"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    merge: list[str], ignore: list[str], said: str
) -> None:
    with pytest.raises(DataError, match=said) as raised:
        merging(SPACE, merge, ignore)
    assert "\n" not in str(raised.value)


def test_without_options_nothing_changes() -> None:
    for space in (SPACE, CITYSCAPES):
        map_ = merging(space, ["", " "], [""])
        assert map_.is_same and map_.target is space
        assert map_.mask(TRUTH) is TRUTH


def test_matrices_sum_up_to_what_merged_masks_are_counted_as() -> None:
    map_ = merging(SPACE, ["wheat,maize=crop"], ["shed"]).with_others()
    random = np.random.default_rng(0)
    truth = random.choice([1, 2, 4], (40, 50)).astype(np.uint8)
    found = random.choice([0, 1, 2, 4, 5], (40, 50)).astype(np.uint8)
    fine = metrics.confusion_matrix(truth, found, SPACE)
    merged = metrics.confusion_matrix(map_.mask(truth), map_.mask(found), map_.target)
    np.testing.assert_array_equal(map_.matrices(fine[None])[0], merged)
    # By hand: crop is right where both are wheat or maize; "shed" and "void" are misses.
    crop = np.isin(truth, [1, 2]), np.isin(found, [1, 2])
    assert merged[0, 0] == (crop[0] & crop[1]).sum()
    assert merged[0, 2] == (crop[0] & np.isin(found, [0, 5])).sum()
    np.testing.assert_array_equal(map_.counts(fine.sum(1)), merged.sum(1))


def test_a_data_set_that_knows_some_classes_only_together() -> None:
    map_ = merging(CITYSCAPES, ["car,truck=motor; wall,fence=barrier"])
    merges = map_.merges(CAMVID_MERGES)
    assert merges is not None and merges.policy == "camvid-merged-11"
    named = {
        map_.target.names[class_]: {map_.target.names[id_] for id_ in ids}
        for class_, ids in merges.members.items()
    }
    assert named["motor"] == {"motor", "bus", "train", "caravan", "trailer"}
    assert named["building"] == {"building", "bridge", "tunnel"}  # its walls are barriers now
    assert named["barrier"] == {"barrier", "guard rail"}
    rest = merging(CITYSCAPES, ["road; rest=other"])
    assert rest.merges(CAMVID_MERGES) is None


def test_a_space_maps_onto_a_coarser_one_of_the_same_classes() -> None:
    fine, other = ClassMap.same(SPACE), ClassMap.same(CITYSCAPES)
    crops = merging(SPACE, ["wheat,maize=crop"])
    grown = merging(SPACE, ["wheat,maize=crop; rest=built"])
    down = between(fine, grown)
    assert down is not None and down.ids == grown.ids
    step = between(crops, grown)
    assert step is not None
    assert [grown.target.names[step.ids[id_]] for id_ in range(3)] == ["crop", "built", "built"]
    assert between(grown, crops) is None and between(fine, other) is None
    same = between(crops, merging(SPACE, ["2,1=crop"]))
    assert same is not None and same.is_same
    # What one never learnt it cannot tell of the other's classes.
    assert between(merging(SPACE, [], ["wheat"]), grown) is None
    assert between(grown, merging(SPACE, [], ["shed"])) is None


def test_two_spaces_meet_in_the_coarser_one() -> None:
    fine, crops = ClassMap.same(SPACE), merging(SPACE, ["wheat,maize=crop"], ["shed"])
    for maps in (common(fine, crops), (common(crops, fine) or ())[::-1]):
        assert maps
        down, kept = maps
        assert down.target == kept.target
        assert down.target.names == ("crop", "track", "other classes")
        np.testing.assert_array_equal(down.mask(TRUTH), [[2, 0, 0, 1, 2, 0, 255]])
    assert all(map_.is_same for map_ in common(fine, fine) or ())
    assert common(crops, merging(SPACE, ["wheat,track=x"])) is None


@pytest.mark.parametrize(
    ("merge", "ignore"),
    [("wheat,maize=crop", "shed"), ("track; rest=other", ""), ("", "1"), ("void,wheat=x", "")],
)
def test_it_can_be_written_again(merge: str, ignore: str) -> None:
    found = merging(SPACE, [merge], [ignore])
    again = merging(SPACE, *([words] for words in in_words(found)))
    assert again.ids == found.ids and again.target.names == found.target.names
    commas = LabelSpace.made("odd", (Label(0, "a, b", (1, 1, 1)), Label(1, "rest", (2, 2, 2))))
    assert in_words(merging(commas, ["0; 1"])) == ("", "")
    assert in_words(merging(commas, ["0=x; 1=y"])) == ("0 = x; 1 = y", "")


def test_ids_are_those_of_the_table() -> None:
    with pytest.raises(ValueError, match="id of the label space"):
        ClassMap(SPACE, SPACE, (0, 1, 2, 3, 4, 5))  # nothing has id 3
    assert ClassMap.same(SPACE).ids == (0, 1, 2, NO_LABEL, 4, 5)
    assert IDS["road"] == 7
