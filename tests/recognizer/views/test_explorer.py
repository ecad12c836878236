"""The explorer's pages show what the network computes, to the owner alone."""

import re
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from mlcore.artifact import SHIPPED, load_artifact, save_artifact
from mlcore.explaining.colours import colour_table
from mlcore.explaining.geometry import find_peak, strongest_first
from mlcore.explaining.mosaic import MosaicLayout
from recognizer.models import Glyph
from recognizer.services.explaining.explanations import EVIDENCE_DRAWN, explain_glyph
from recognizer.services.explaining.exploring import open_channel
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.registry.model_versions import register_model
from tests.pictures import digit_png

pytestmark = pytest.mark.django_db


@pytest.fixture
def glyph(alice, model):
    return create_prediction(owner=alice, data=digit_png(7, seed=3), source="upload", mode="digit").glyphs.get()


@pytest.fixture
def explained(glyph):
    return explain_glyph(glyph)


@pytest.fixture
def other_version(model, tmp_path):
    """Register the shipped network under another name."""
    shipped = load_artifact(SHIPPED)
    files = {name: SHIPPED / name for name in shipped.card.files}
    folder = tmp_path / "digits-other"
    save_artifact(folder, replace(shipped.card, version="digits-other"), files)
    return register_model(folder)


def page(client, name, *arguments, **query):
    answer = client.get(reverse(name, args=arguments), query)
    assert answer.status_code == 200
    return answer.content.decode()


def image(answer):
    return Image.open(BytesIO(answer.getvalue()))


def test_every_layer_has_a_page_with_all_its_channels(alice_client, glyph, explained):
    for layer in explained.layers:
        text = page(alice_client, "explorer", glyph.pk, layer.name)
        numbers = [int(number) for number in re.findall(r'id="tile-(\d+)"', text)]
        assert numbers == strongest_first(explained.activations[layer.name])


def test_channels_are_ordered_by_number_on_request(alice_client, glyph, explained):
    text = page(alice_client, "explorer", glyph.pk, "conv2", order="number")
    channels = explained.layer_named("conv2").shape[2]
    assert [int(number) for number in re.findall(r'id="tile-(\d+)"', text)] == list(range(channels))
    assert 'href="' + reverse("explorer", args=[glyph.pk, "pool1"]) + '?order=number"' in text


def test_without_a_layer_the_first_one_is_open(alice_client, glyph):
    assert '<h2 id="layer-title" data-announce>conv1</h2>' in page(alice_client, "explorer", glyph.pk)


@pytest.mark.parametrize("path", ["conv9/", "conv1/999/", "conv1/-1/"])
def test_unknown_layers_and_channels_get_404(alice_client, glyph, path):
    assert alice_client.get(reverse("explorer", args=[glyph.pk]) + path).status_code == 404


def test_a_mosaic_has_every_channel_where_the_page_cuts_it(alice_client, glyph, explained):
    maps = explained.activations["conv3"]
    height, width, channels = maps.shape
    layout = MosaicLayout(maps.shape)
    picture = image(alice_client.get(reverse("layer_map", args=[glyph.pk, "conv3"])))
    assert picture.size == (layout.width, layout.height)
    levels = np.asarray(picture)
    for channel in (0, 9, channels - 1):
        x, y = layout.corner(channel)
        expected = np.rint(254 * maps[..., channel] / maps.max())
        np.testing.assert_allclose(levels[y : y + height, x : x + width], expected, atol=1)


def test_the_row_has_a_tile_of_every_layer(alice_client, glyph, explained):
    assert image(alice_client.get(reverse("layer_row", args=[glyph.pk]))).size == (28 * len(explained.layers), 28)


def test_maps_are_cached_by_the_browser(alice_client, glyph):
    url = reverse("layer_map", args=[glyph.pk, "conv1"])
    first = alice_client.get(url)
    assert "immutable" in first["Cache-Control"]
    again = alice_client.get(url, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    scaled = alice_client.get(url, {"scale": "0,9"})
    assert scaled["ETag"] != first["ETag"]


def test_the_frame_around_what_a_cell_sees_stays_in_the_shown_picture(explained):
    left, top, width, height = explained.surroundings
    for at in ((0, 0), (13, 13)):
        x, y, across, down = open_channel(explained, 3, 17, "strength", at).cell.on_picture
        assert left <= x <= x + across <= left + width + 1e-6
        assert top <= y <= y + down <= top + height + 1e-6


def test_a_stranger_gets_404_on_every_explorer_page(bob_client, client, glyph):
    for name, arguments in (
        ("explorer", []),
        ("explorer", ["conv1", 3]),
        ("why", []),
        ("layer_row", []),
        ("layer_map", ["conv1"]),
        ("overlay", ["occlusion", glyph.digit]),
    ):
        url = reverse(name, args=[glyph.pk, *arguments])
        assert bob_client.get(url).status_code == 404
        assert client.get(url).status_code == 302
    for parameters in ({"a": glyph.pk}, {"a": "7"}, {}):
        assert bob_client.get(reverse("compare"), parameters).status_code == 404


def test_a_channel_shows_its_strongest_response_and_contributions(alice_client, glyph, explained):
    maps = explained.activations["conv3"]
    channel = strongest_first(maps)[0]
    row, column = find_peak(maps[..., channel])
    text = page(alice_client, "explorer", glyph.pk, "conv3", channel)
    assert f'data-row="{row}" data-column="{column}"' in text
    assert "Marked: the strongest response," in text
    assert f"<strong>{maps.max():.2f}</strong>" in re.sub(' class="figure"', "", text)
    assert text.count('class="kernel"') == 8


def test_the_contributions_to_a_cell_add_up(explained):
    shown = open_channel(explained, 3, 17, "strength", (4, 9))
    cell_sum = shown.cell_sum
    amounts = sum(share.amount for share in cell_sum.contributions)
    assert amounts + cell_sum.others_amount + cell_sum.bias == pytest.approx(cell_sum.total, abs=1e-4)
    assert len(cell_sum.contributions) + cell_sum.others == explained.layers[2].shape[2]
    assert max(cell_sum.total, 0) == pytest.approx(shown.cell.value, abs=1e-4)
    assert shown.cell.value == pytest.approx(float(explained.activations["conv3"][4, 9, 17]))


def test_the_address_selects_a_cell(alice_client, glyph):
    text = page(alice_client, "explorer", glyph.pk, "conv2", 3, at="10,20")
    assert 'data-row="10" data-column="20"' in text
    assert "Back to the strongest response" in text


@pytest.mark.parametrize("at", ["28,0", "0,-1", "x", "1,2,3"])
def test_an_invalid_cell_selects_the_strongest(alice_client, glyph, at):
    assert "Marked: the strongest response," in page(alice_client, "explorer", glyph.pk, "conv2", 3, at=at)


def test_a_pooling_links_to_its_source_channel(alice_client, glyph):
    text = page(alice_client, "explorer", glyph.pk, "pool1", 4)
    assert re.search(r'largest of 2 × 2 cells of <a id="pooled" href="[^"]*/conv2/4/">conv2, channel 4</a>', text)


def test_the_first_layer_shows_the_contribution_of_the_picture(alice_client, glyph):
    text = page(alice_client, "explorer", glyph.pk, "conv1", 0)
    assert "Contribution of the picture to this cell" in text
    assert text.count('class="kernel"') == 1


def test_the_explanation_has_a_sentence_and_both_answers(alice_client, glyph, explained):
    text = page(alice_client, "why", glyph.pk)
    assert explained.explain().sentence() in text
    for kind in ("occlusion", "cam"):
        for digit in explained.explain().answers:
            url = reverse("overlay", args=[glyph.pk, kind, digit])
            assert f'href="{url}?drawn={EVIDENCE_DRAWN}"' in text
            assert image(alice_client.get(url)).has_transparency_data


def test_an_overlay_of_another_digit_or_kind_gets_404(alice_client, glyph, explained):
    neither = next(digit for digit in range(10) if digit not in explained.explain().answers)
    for kind, digit in (("occlusion", neither), ("heat", glyph.digit)):
        assert alice_client.get(reverse("overlay", args=[glyph.pk, kind, digit])).status_code == 404


def test_an_explanation_is_computed_once(explained):
    assert explained.explain() is explain_glyph(explained.glyph).explain()


def test_the_page_links_the_other_digits_of_the_number(alice_client, glyph):
    alone = page(alice_client, "explorer", glyph.pk)
    assert 'class="siblings"' not in alone
    second = Glyph.objects.create(
        prediction=glyph.prediction,
        position=1,
        x=1,
        y=1,
        width=10,
        height=20,
        input=glyph.input,
        digit=4,
        confidence=0.9,
        probabilities=[0.1] * 10,
    )
    for name in ("explorer", "why"):
        assert f'href="{reverse(name, args=[second.pk])}"' in page(alice_client, name, glyph.pk)


def test_a_glyph_can_be_explored_under_another_version(alice_client, glyph, other_version):
    text = page(alice_client, "explorer", glyph.pk, "conv1", model="digits-other")
    assert "Model digits-other" in text
    assert "map.png?model=digits-other" in text
    own = alice_client.get(reverse("layer_map", args=[glyph.pk, "conv1"]))
    other = alice_client.get(reverse("layer_map", args=[glyph.pk, "conv1"]), {"model": "digits-other"})
    assert own["ETag"] != other["ETag"]
    assert own.content == other.content  # the same weights


@pytest.mark.parametrize("version", ["digits-0", "\0", "digits-5\0"])
def test_an_unknown_version_gets_404(alice_client, glyph, version):
    for url, parameters in ((reverse("explorer", args=[glyph.pk]), {}), (reverse("compare"), {"a": glyph.pk})):
        assert alice_client.get(url, parameters | {"model": version}).status_code == 404


def test_two_digits_are_compared_on_one_scale(alice_client, alice, glyph, explained):
    other = create_prediction(owner=alice, data=digit_png(4), source="upload", mode="digit").glyphs.get()
    text = page(alice_client, "compare", a=glyph.pk, b=other.pk, layer="conv4")
    scales = set(re.findall(r"[?]scale=([\d.,]+)", text))
    assert len(scales) == 1
    low, high = (float(part) for part in scales.pop().split(","))
    both = [explained.activations["conv4"], explain_glyph(other).activations["conv4"]]
    assert (low, high) == (min(float(maps.min()) for maps in both), max(float(maps.max()) for maps in both))
    numbers = [int(number) for number in re.findall(r'<span class="tile-number">Channel (\d+)</span>', text)]
    assert numbers == strongest_first(np.abs(both[0] - both[1]))


def test_one_digit_is_compared_under_two_versions(alice_client, glyph, other_version):
    text = page(alice_client, "compare", a=glyph.pk, model="digits-other")
    assert "The channels of two versions are unrelated" in text
    assert "&amp;model=digits-other" in text


def test_the_difference_of_two_digits_is_drawn_channel_by_channel(alice_client, alice, glyph, explained):
    other = create_prediction(owner=alice, data=digit_png(4), source="upload", mode="digit").glyphs.get()
    url = reverse("layer_difference")
    answer = alice_client.get(url, {"a": glyph.pk, "b": other.pk, "layer": "conv4"})
    left, right = explained.activations["conv4"], explain_glyph(other).activations["conv4"]
    layout = MosaicLayout(left.shape)
    levels = np.asarray(image(answer))
    limit = max(left.max(), right.max()) - min(left.min(), right.min())
    for channel in (0, 17, 47):
        x, y = layout.corner(channel)
        expected = 128 + np.rint(127 * (left - right)[..., channel] / limit)
        np.testing.assert_allclose(levels[y : y + 14, x : x + 14], expected, atol=1)
    same = np.asarray(image(alice_client.get(url, {"a": glyph.pk, "b": glyph.pk, "layer": "conv4"})))
    assert set(same.ravel()) == {128}
    for wrong in ({"layer": "conv9"}, {"layer": ""}, {"b": "x"}):
        assert alice_client.get(url, {"a": glyph.pk, "b": other.pk, "layer": "conv4"} | wrong).status_code == 404


def test_two_models_are_compared_by_their_evidence(alice_client, glyph, other_version):
    text = page(alice_client, "compare", a=glyph.pk, model="digits-other")
    assert "Where the models differ about the 7" in text
    url = reverse("evidence_difference")
    query = {"a": glyph.pk, "model": "digits-other", "digit": glyph.digit}
    # The same network under another name relies on the same places.
    assert set(np.asarray(image(alice_client.get(url, query))).ravel()) == {128}
    for wrong in ({"digit": "77"}, {"digit": "²"}, {"digit": ""}, {"model": ""}, {"model": "none"}, {"a": "x"}):
        assert alice_client.get(url, query | wrong).status_code == 404


def test_a_digit_to_compare_with_is_found_by_search(alice_client, alice, glyph):
    four = create_prediction(owner=alice, data=digit_png(4), source="upload", mode="digit").glyphs.get()
    one = create_prediction(owner=alice, data=digit_png(1), source="upload", name="one.png", mode="digit").glyphs.get()
    for query, found, left_out in (({"digit": "4"}, four, one), ({"q": "one.png"}, one, four), ({"q": "4"}, four, one)):
        text = page(alice_client, "compare", a=glyph.pk, **query)
        assert f'id="other-{found.pk}"' in text
        assert f'id="other-{left_out.pk}"' not in text
    assert "No digit was found." in page(alice_client, "compare", a=glyph.pk, q="no-such-name")
    assert alice_client.get(reverse("compare"), {"a": glyph.pk, "digit": "x"}).status_code == 400


def test_all_digits_are_reached_page_by_page(alice_client, add_prediction, glyph):
    for _ in range(60):
        add_prediction("3")
    first = page(alice_client, "compare", a=glyph.pk)
    cursor = re.search(r'rel="next" href="[^"]*cursor=([^"&]+)', first)[1]
    second = page(alice_client, "compare", a=glyph.pk, cursor=cursor.replace("%3D", "="))
    others = [set(re.findall(r'id="other-([^"]+)"', text)) for text in (first, second)]
    assert not others[0] & others[1]
    assert len(others[0] | others[1]) == 60


def test_nobody_elses_digits_reach_a_difference(bob_client, alice, bob, glyph, other_version):
    hers = create_prediction(owner=bob, data=digit_png(4), source="upload", mode="digit").glyphs.get()
    for name, query in (
        ("layer_difference", {"a": hers.pk, "b": glyph.pk, "layer": "conv1"}),
        ("layer_difference", {"a": glyph.pk, "b": hers.pk, "layer": "conv1"}),
        ("evidence_difference", {"a": glyph.pk, "model": "digits-other", "digit": "7"}),
    ):
        assert bob_client.get(reverse(name), query).status_code == 404


def test_another_persons_digit_cannot_be_compared(alice_client, bob, glyph, model):
    hers = create_prediction(owner=bob, data=digit_png(4), source="upload", mode="digit").glyphs.get()
    assert alice_client.get(reverse("compare"), {"a": glyph.pk, "b": hers.pk}).status_code == 404
    assert str(hers.pk) not in page(alice_client, "compare", a=glyph.pk)


@pytest.mark.parametrize("scale", ["nan,1", "1,0", "0,inf", "a,b", "1"])
def test_an_invalid_scale_is_ignored(alice_client, glyph, scale):
    url = reverse("layer_map", args=[glyph.pk, "conv1"])
    assert alice_client.get(url, {"scale": scale}).content == alice_client.get(url).content


def test_the_legend_shows_the_colours_of_the_maps():
    css = (SHIPPED.parents[2] / "static" / "css" / "explorer_layer.css").read_text()
    (stops,) = re.findall(r"linear-gradient\(to right, ([^)]+)\)", css)
    wanted = [*range(0, 256, 32), 254]
    assert stops.split(", ") == ["#{:02x}{:02x}{:02x}".format(*colour_table()[level]) for level in wanted]


def test_the_preview_of_a_drawing_shows_all_layers(alice_client, explained):
    drawing = SimpleUploadedFile("drawing.png", digit_png(7), "image/png")
    answer = alice_client.post(reverse("preview"), {"image": drawing, "mode": "auto", "layers": "1"})
    assert answer.status_code == 200
    for layer in explained.layers:
        assert f'aria-label="Layer {layer.name}: {layer.shape[2]} channels"' in answer.content.decode()
