"""A manifest to begin with."""

_SAMPLE = """\
# A batch of jobs for avatar-async:   avatar-async run jobs.toml --out results
#
# Each [[jobs]] has a name of its own (it names the folder of its results) and a kind: training,
# rebuild, image_preview, video_preview or takeover. All other keys are the request's fields: the
# vendor's names in snake_case, nested as the vendor nests them. Fields that are left out are not
# sent, and the service's defaults apply. Replace the URLs by your own before you run this.

# Fields that every training begins with; a job's own fields go over them.
[defaults.training]
persistent.video_crf_quality = 18       # 0 to 51; lower is better and larger

# What the green screen will look like, seen on one picture before anything is trained.
[[jobs]]
name = "look"
kind = "image_preview"
material_name = "anchor look"
url = "https://media.example/anchor/still.png"
green_params_refineth_h_bgr = 160       # 70 to 220; higher retains more background
green_params_refineth_l_bgr = 40        # 10 to 80; higher retains wider edges
green_params_sample_background = { color = [0, 100, 255] }   # red, green, blue

# The same on a clip, with one of the vendor's recipes: general, sharper, black_edges, green_tint,
# grey_cheeks, blue_screen.
[[jobs]]
name = "look-moving"
kind = "video_preview"
material_name = "anchor look, moving"
url = "https://media.example/anchor/clip.mp4"
presets = ["black_edges"]

# A model with both lip-sync variants, out of a base video of at least 6 minutes and one more video.
# Parameters picked on the contact sheet of `avatar-async preview` come from a file with a [green_screen]
# table, which lies over all videos of the job that are keyed: include = ["picked.toml"]
[[jobs]]
name = "anchor-01"
kind = "training"
material_name = "anchor 01"
video_url = "https://media.example/anchor/base.mp4"
persistent = { avatar_type = 0, stage1_config = [0, 1] }

[jobs.personal]
segment_style = 1                       # 0 none, 1 green screen, 2 normal, 3 green screen afterwards
green_params_colorbalance = 90
asset_start = 1.0                       # seconds
asset_end = 360.0

[[jobs.override]]
video_url = "https://media.example/anchor/second.mp4"
segment_style = 1

# Another cut of that model. The reference stands for the model's URL; this job waits for it.
[[jobs]]
name = "anchor-01-short"
kind = "rebuild"
material_name = "anchor 01 short"
video_url = "https://media.example/anchor/base.mp4"
model_url = { ref = "anchor-01", role = "model", index = 0 }
segment_style = 1
asset_start = 2.0
asset_end = 120.0

# Takeover synthesis, which the vendor deprecated. Here as the vendor's own JSON: any kind may be
# given so, with its `param` as an object or as text. It starts when the other job is stored.
[[jobs]]
name = "live"
kind = "takeover"
needs = ["anchor-01"]

[jobs.request]
videoName = "live"
param = { digital_role = { id = 4051 }, tts_query = { content = "Welcome", ssml = false } }
"""


def sample_manifest() -> str:
    """Return a commented TOML manifest with a job of every kind."""
    return _SAMPLE
