"""The closed value sets of the vendor's documents."""

from enum import IntEnum, StrEnum


class Kind(StrEnum):
    """Name what is asked of the service."""

    TRAINING = "training"
    REBUILD = "rebuild"
    IMAGE_PREVIEW = "image_preview"
    VIDEO_PREVIEW = "video_preview"
    TAKEOVER = "takeover"


class AvatarType(IntEnum):
    """Say what sort of digital human a model is for (`avatarType`)."""

    DIGITAL_HUMAN = 0
    STATIC_DYNAMIC = 1
    ACTION_EDITING = 2
    #: Not offered by the update call.
    QUICK = 3
    SUPER_LIVE_ROOM = 4
    SUPER_LIVE_ROOM_PRO = 5


class SegmentStyle(IntEnum):
    """Say how the background is separated (`segmentStyle`)."""

    NONE = 0
    GREEN_SCREEN = 1
    NORMAL = 2
    #: Green screen as GPU post-processing during video synthesis.
    GREEN_SCREEN_POST = 3
    #: A mask video of one's own; auxiliary videos only.
    CUSTOM_MASK = 4


class Stage01GenMode(IntEnum):
    """Say whose lip-sync a training uses (`stage01GenMode`)."""

    #: The algorithm's lip-sync; every model has the same FFID.
    ALGORITHM = 0
    #: The person's own lip-sync; every model has its own FFID.
    OWN_LIP_SYNC = 1


class Stage1Config(IntEnum):
    """Name one lip-sync model a training makes (an item of `stage1Config`)."""

    ORIGINAL = 0
    UNIVERSAL = 1


class Stage2Config(IntEnum):
    """Name a model's resolution (`dev.stage2.config`)."""

    RESOLUTION_2K = 0
    RESOLUTION_4K = 1
    #: Super Live Room 4K ultra-HD; the vendor offers it on Volcengine only.
    SUPER_LIVE_ROOM_4K = 4
