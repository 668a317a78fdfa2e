"""Correspondence: point at a pixel and see where the robot sees the same; gather points; label matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.actions import ActionSpec
from app.page import Page, PageInfo

if TYPE_CHECKING:
    from app.services import Services

NAME = "correspondence"


def _action(
    name: str, words: str, explanation: str, keys: tuple[str, ...], icon: str, group: str, checkable: bool = False
) -> ActionSpec:
    return ActionSpec(name, words, explanation, keys, icon, group, NAME, checkable)


_SCENE, _LOOK, _POINTS, _LABELS = "Comparing images", "Heatmaps", "Points and sets", "Labelling matches"
_MASKS = "Correcting masks"
_MODELS = "Models and training"

# fmt: off
ACTIONS = (
    _action("scene.new", "New pair", "Compare other images.", ("N",), "again", _SCENE),
    _action("scene.swap", "Swap", "The source and the chosen target change places.", ("S",), "swap", _SCENE),
    _action("scene.freeze", "Freeze", "Keep the point while the pointer moves on.", ("F",), "freeze", _SCENE, True),
    _action("scene.pause", "Pause live", "Keep the live images that are shown.", ("P",), "pause", _SCENE, True),
    _action("scene.next", "Next images", "The images after these, new ones at the end.", ("Right",), "next", _SCENE),
    _action("scene.previous", "Images before", "Back to the images before these.", ("Left",), "back", _SCENE),
    _action("scene.add", "Add a target", "Compare with one more image, up to eight.", ("+",), "plus", _SCENE),
    _action("scene.remove", "Remove the target", "Compare without the chosen target.", ("-",), "minus", _SCENE),
    _action("scene.choose_next", "Choose the next image", "Choose the image to set.", ("Down",), "", _SCENE),
    _action("scene.choose_last", "Choose the image before", "Choose the image before it.", ("Up",), "", _SCENE),
    _action("scene.frame_back", "Frame back", "One frame back in the chosen image.", (",",), "step-back", _SCENE),
    _action("scene.frame_on", "Frame forward", "One frame on in the chosen image.", (".",), "step-forward", _SCENE),
    _action("look.narrower", "Narrower kernel", "Only nearer descriptors are warm.", ("[",), "", _LOOK),
    _action("look.wider", "Wider kernel", "Farther descriptors are warm too.", ("]",), "", _LOOK),
    _action("look.less", "Less heatmap", "See more of the picture.", ("Ctrl+[",), "", _LOOK),
    _action("look.more", "More heatmap", "See less of the picture.", ("Ctrl+]",), "", _LOOK),
    _action("look.colours", "Next colour map", "Draw heatmaps in other colours.", ("M",), "colour", _LOOK),
    _action("look.descriptors", "Descriptors", "Show descriptors as colours.", ("D",), "colour", _LOOK, True),
    _action("look.masked", "Objects only", "Descriptor colours and proposals on objects only.", ("K",), "mask",
            _LOOK, True),
    _action("look.linked", "Link zoom", "Zoom and pan all images together.", ("L",), "link", _LOOK, True),
    _action("look.space", "In space", "Show the point and its match in the clouds of both images.", ("C",), "cube",
            _LOOK, True),
    _action("look.reset", "Whole images", "Undo zoom and pan.", ("Home",), "home", _LOOK),
    _action("points.propose", "Propose", "Replace the points by confident ones that lie far apart.", ("G",),
            "points", _POINTS),
    _action("points.sample", "Draw 16", "Replace the points by some of the object, as in the paper.", ("H",),
            "mask", _POINTS),
    _action("points.delete", "Delete the point", "Take the chosen points out of the set.", ("Del",), "trash", _POINTS),
    _action("points.clear", "Clear", "Begin another set.", ("Ctrl+Del",), "close", _POINTS),
    _action("points.save", "Save the set", "Keep these points beside their model.", ("Ctrl+S",), "disk", _POINTS),
    _action("labels.mode", "Label", "Mark the same point in the source and in targets.", ("T",), "tag", _LABELS, True),
    _action("labels.store", "Store", "Keep the marked points and begin the next.", ("Return",), "check", _LABELS),
    _action("labels.undo", "Take back", "Take the last mark, or the last stored label, back.", ("Backspace",), "undo",
            _LABELS),
    _action("labels.skip", "Next pair", "Label the pair where the model is least sure now.", ("X",), "next", _LABELS),
    _action("labels.export", "Export", "Write all labels to a JSON file.", ("Ctrl+E",), "folder", _LABELS),
    _action("masks.mode", "Correct masks", "Paint where objects are in the source, for trainings to use.", ("R",),
            "brush", _MASKS, True),
    _action("masks.brush", "Brush", "Left paints, right or Shift erases.", ("B",), "brush", _MASKS, True),
    _action("masks.polygon", "Polygon", "Click corners; a double-click or Enter closes, Esc leaves.", ("O",), "polygon",
            _MASKS, True),
    _action("masks.erase", "Erase", "The left button takes away instead.", ("E",), "eraser", _MASKS, True),
    _action("masks.smaller", "Smaller brush", "Paint finer.", ("Q",), "minus", _MASKS),
    _action("masks.larger", "Larger brush", "Paint broader.", ("W",), "plus", _MASKS),
    _action("masks.redo", "Paint again", "Paint again what was taken back last.", ("Ctrl+Shift+Z",), "again", _MASKS),
    _action("masks.as_found", "As found", "Drop the correction of this mask.", ("A",), "restore", _MASKS),
    _action("model.rename", "Rename the model", "Give the model another name.", ("F2",), "edit", _MODELS),
    _action("model.trash", "Move the model to the trash", "It can be brought back.", (), "trash", _MODELS),
    _action("training.start", "Train", "Train descriptors on all episodes.", ("Ctrl+T",), "job", _MODELS),
    _action("training.resume", "Resume", "Go on with the newest training that was paused.", (), "play", _MODELS),
    _action("training.pause", "Pause the training", "End it so that it can be resumed.", (), "pause", _MODELS),
    _action("training.cancel", "End the training", "End it and keep the best so far.", (), "close", _MODELS),
)
# fmt: on

INFO = PageInfo(
    NAME,
    "Correspond",
    "correspondence",
    30,
    ACTIONS,
    hints=(
        ("Ask for a pixel of the source", "Move"),
        ("Freeze the point", "Click"),
        ("Add a point to the set", "Shift+Click"),
        ("Zoom at the pointer", "Ctrl+Wheel"),
        ("Size of the brush that corrects masks", "Wheel"),
    ),
)


def build(services: Services) -> Page:
    """The page; its parts are imported here, so that listing pages stays light."""
    from app.pages.correspondence.page import CorrespondencePage

    return CorrespondencePage(services)
