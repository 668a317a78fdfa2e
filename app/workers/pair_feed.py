"""Publishes what the inspector compares, so that the 3-D view's process can draw it in space."""

from __future__ import annotations

from core.messages import CameraInfo, Floats, Frame
from core.processes.shared_memory import Bus, FramePublisher, MessagePublisher, Session
from robot.inspector_messages import PanelImage
from robot.station_messages import INSPECTOR, frame_topic
from robot.view3d_messages import PAIR_ROLES, VIEW3D_PAIR_TOPIC, ShownPair


class PairFeed:
    """Opens its topics when something is published first. A frame travels once, the points whenever they change."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._bus: Bus | None = None
        self._pairs: MessagePublisher | None = None
        self._publishers: dict[str, tuple[int, FramePublisher]] = {}
        """By role: for so many pixels, and the publisher."""
        self._images: dict[str, PanelImage] = {}
        self._sequences = dict.fromkeys(PAIR_ROLES, 0)
        self._newest: ShownPair | None = None

    def show(self, source: PanelImage, target: PanelImage, apart_W: Floats, point_W: Floats, match_W: Floats) -> bool:
        """Two images with depth, how far apart their clouds are drawn, and the points in W; empty ones are unknown.

        Returns whether that is another pair than was shown before; ProcessError without shared memory.
        """
        for role, image in zip(PAIR_ROLES, (source, target), strict=True):
            before = self._images.get(role)
            if before is None or before.frame is not image.frame:
                self._sequences[role] += 1
                self._publish(role, image)
                self._images[role] = image
        cameras = tuple(_camera(role, self._images[role]) for role in PAIR_ROLES)
        pair = ShownPair(cameras, tuple(self._sequences.values()), apart_W, point_W, match_W)
        if pair == self._newest:
            return False
        self._newest = pair
        self._tell()
        return True

    def repeat(self) -> None:
        """Say it again to a process that was started since."""
        for role, image in self._images.items():
            self._publish(role, image)
        if self._newest is not None:
            self._tell()

    def _tell(self) -> None:
        if self._pairs is None:
            self._pairs = self._opened().message_publisher(VIEW3D_PAIR_TOPIC)
        self._pairs.publish(self._newest)  # type: ignore[arg-type]

    def _publish(self, role: str, image: PanelImage) -> None:
        frame = image.frame
        height, width = frame.rgb.shape[:2]
        room, publisher = self._publishers.get(role, (0, None))
        if publisher is None or width * height > room:
            publisher = self._opened().frame_publisher(frame_topic(role, INSPECTOR), width, height)
            self._publishers[role] = (width * height, publisher)
        publisher.publish(_numbered(frame, self._sequences[role]))

    def _opened(self) -> Bus:
        if self._bus is None:
            self._bus = Bus(self._session, "inspected pair")
        return self._bus


def _numbered(frame: Frame, sequence: int) -> Frame:
    return Frame(frame.role, sequence, frame.capture_ns, frame.receive_ns, frame.rgb, frame.depth, frame.X_WC)


def _camera(role: str, image: PanelImage) -> CameraInfo:
    known = image.camera
    return CameraInfo(role, known.width, known.height, 0.0, known.fx, known.fy, known.cx, known.cy, image.depth_scale_m)
