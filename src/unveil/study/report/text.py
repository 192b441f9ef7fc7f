"""The text of the report around its tables and figures."""

from collections.abc import Collection, Sequence
from typing import Any

from unveil.config import DataConfig
from unveil.report.rows import Row
from unveil.study.folder import Manifest
from unveil.study.plan import SMOKE_TEST
from unveil.study.report import tables
from unveil.study.report.select import Results
from unveil.study.report.verdicts import agreement

EVERY_EXPERIMENT = (
    'Every experiment of "The denoising Convolutional Autoencoder" (M. Giunta, L. Rinaldi, 2022) '
    "and the combinations it leaves open, from stored rows, after as many epochs as the tables "
    "say: no number or verdict here is typed by hand. A verdict is given only where the runs allow "
    "one."
)


def compose(
    results: Results, manifest: Manifest, name: str, files: Collection[str], lost: Sequence[str]
) -> str:
    """Return the report as Markdown.

    Args:
        results: the rows.
        manifest: settings that the study was started with.
        name: name of the folder of the figures.
        files: names of the available figures.
        lost: a line for each row that could not be read.
    """

    def figure(file: str, words: str) -> str:
        return f"![{words}]({name}/{file})" if file in files else ""

    parts = [
        _head(results, manifest, lost),
        "## Architectures",
        "Blur (9x9 Gaussian, sigma 4), pixel loss. PSNR in dB / the paper's SSIM, means over the "
        "test split; the paper's inputs are `float`, any real file is `8bit`.",
        tables.architectures(results),
        figure("architectures.png", "The same photos restored by each architecture"),
        "## Losses",
        "The CAE on blur. The perceptual term is calibrated: on obfuscated training photos it "
        "equals the pixel term, so that rho = 1 weighs both equally. Mixed is rho * pixel + "
        "perceptual.",
        tables.losses(results),
        figure("losses.png", "The same photos restored by each loss"),
        "## Pixelation",
        "The CAE on the mosaic (8x8-pixel blocks, each its mean).",
        tables.pixelation(results),
        figure("pixelation.png", "The same pixelated photos restored by each loss"),
        "## Every combination",
        "What the paper leaves to future studies. PSNR in dB / ssim_deck, `float`.",
        tables.combinations(results),
        *_one_photo(results),
        *_convergence(figure),
        *_variational(results, figure),
        *_metrics(results, figure),
        *_agreement(results),
        *_unlike(results, manifest),
        *_seeds(results),
        "## Every run, and what it cost",
        "Minutes of training as they passed, other work on the machine included.",
        tables.budgets(results),
        *_stopped(results),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(results: Results, manifest: Manifest, lost: Sequence[str]) -> str:
    data = manifest.data
    commits = sorted({row["commit"][:12] for row in results.rows})
    lines = [
        "# The study, rerun" if results.is_comparable else "# A smoke test of the study",
        "",
        EVERY_EXPERIMENT if results.is_comparable else f"**This is {SMOKE_TEST}.**",
        "",
        f"- Photos: {data.splits.train} for training, {data.splits.validation} for validation, "
        f"{data.splits.test} for test (fingerprint `{data.fingerprint[:12]}`).",
        f"- VGG16 tap of the perceptual loss: `{manifest.tap}`, {manifest.scale}; weights: "
        f"{', '.join(sorted({row['vgg'] for row in results.rows if row.get('vgg')})) or 'none'}. "
        "(The paper says relu2_2, and gives the shape of conv3_3.)",
        "- Training inputs were stored in 8 bits; the tables say how the test inputs were.",
        f"- unveil {manifest.version}, commits {', '.join(f'`{commit}`' for commit in commits)}.",
        "",
        "The commands: `unveil study run --size laptop` (or `full`, or `--only NAME --epochs N` "
        "for one experiment), then `unveil study report DIR`. What each run cost is in the last "
        "table.",
    ]
    absent = sorted({line for row in results.rows for line in row.get("measures_absent", ())})
    lines += [f"\nNot measured: {line}." for line in absent]
    lines += [f"\nLeft out: {line}." for line in lost]
    return "\n".join(lines)


def _convergence(figure: Any) -> list[str]:
    return [
        "## Convergence",
        "Validation scores by epoch for each loss, and validation loss against training time for "
        "each architecture (the paper's appendix figure). Where the learning rate falls along a "
        "cosine, the last epochs of every run gain; curves of different budgets do not compare.",
        figure("convergence.svg", "Validation PSNR and SSIM by epoch for each loss"),
        figure("wall-time.svg", "Validation loss against minutes of training"),
    ]


def _variational(results: Results, figure: Any) -> list[str]:
    if not results.kl_rows():
        return []
    if not results.is_comparable:
        return [
            "## KL weights of the VCAE",
            tables.kl_weights(results),
            figure("kl-weight.svg", "PSNR and KL against the KL weight"),
            figure("vcae-samples.png", "The VCAE's mean and samples"),
        ]
    return [
        "## Why the paper's VCAE failed",
        "The paper's VCAE ends below its own input. The rows below train the same network with "
        "growing weights of the KL term (nats per latent element, no warm-up, fewer photos). "
        "While the weight is small against the pixel loss of a good restoration, the VCAE is as "
        "good as a CAE. As it grows, a latent element that tells less than it costs is switched "
        "off: its mean goes to 0, its variance to 1, and the decoder gets noise instead of the "
        "image. Past that point the picture first loses detail, then everything but the average "
        "face. The weight of a textbook VAE (sum of squares and sum of KL with unit variance, in "
        "these units, the orange line) is far beyond it: the pixel loss is a mean over values "
        "that differ by thousandths, the KL a sum over 50,176 elements.",
        tables.kl_weights(results),
        figure("kl-weight.svg", "PSNR and KL against the KL weight"),
        "The VCAE of the tables above uses a small weight with a warm-up, and starts with little "
        "noise. Its mean is the answer; `sample()` draws others:",
        figure("vcae-samples.png", "The VCAE's mean and samples"),
    ]


def _metrics(results: Results, figure: Any) -> list[str]:
    parts = []
    for obfuscation, words in (("blur", "Blur"), ("pixelate", "Mosaic")):
        rows = results.combinations(obfuscation)
        if len(rows) < 2 or not all(row.get("measured") for row in rows):
            continue
        photos = len(rows[0]["measured"]["psnr"])
        parts += [
            f"### {words}",
            f"Rank of each run under each metric, by the mean over the first {photos} test "
            "photos (`float`), 1 for the best:",
            tables.metric_ranks(results, obfuscation),
            "Spearman's rank correlation between metrics over the runs; the last column compares "
            "the order of the runs on single photos with PSNR's:",
            tables.metric_correlations(results, obfuscation),
            "The photos on which each metric disagrees most with PSNR:",
            tables.metric_disagreements(results, obfuscation),
            figure(f"disagreements-{obfuscation}.png", "What PSNR and the other metric prefer"),
        ]
    if not parts:
        return []
    drawn = figure("perception.svg", "VGG16's distance against PSNR")
    head = []
    if results.is_comparable:
        head = [
            'The paper: "the best looking reconstructions have the worst scores." Do the metrics '
            "that follow human judgement agree?"
        ]
    curve = [
        "Distortion against perception: PSNR and the distance of VGG16's features, of each loss "
        "and architecture (circles: CAE, squares: VCAE, triangles: ResCAE). Lower and further "
        "right is better by both:",
        drawn,
    ]
    return ["## Which metric likes what", *head, *(curve if drawn else []), *parts]


def _agreement(results: Results) -> list[str]:
    if not results.is_comparable:
        return []
    return [
        "## What agrees with the paper",
        "Each verdict follows from the rows by the rule beside it, at equally many epochs. "
        "Intervals hold 95 %, from the spread over seeds; a run of one seed is taken to vary as "
        "much as those of several.",
        agreement(results),
    ]


def _one_photo(results: Results) -> list[str]:
    if not results.is_comparable:
        return []
    return [
        "## One photo",
        "The paper shows one photo with its scores (PSNR in dB / ssim_deck, `float`) and does not "
        "name it; beside it, the first photo of the test split. Strips of photos are drawn by "
        "`unveil study report` in the folder of a study, and are not published: LFW's photos are "
        "for research.",
        tables.one_photo(results),
    ]


def _unlike(results: Results, manifest: Manifest) -> list[str]:
    """Return what is not as in the paper, where the rows are held against it."""
    if not results.is_comparable:
        return []
    sizes, model = manifest.data.splits, manifest.model
    crop_px = DataConfig.crop_px
    side = crop_px // (model.stem_stride * 2 ** (len(model.widths) - 1))
    codes, values = model.widths[-1] * side**2, 3 * crop_px**2
    lines = [
        f"The bottleneck holds {codes:,} numbers for the {values:,} of a photo: nothing is "
        "compressed. The figure with the paper's layers is lost.",
        "GELU, and no batch normalisation, where the paper's sources have ReLU and it.",
        "The photos of these rows are deep-funneled; the paper's are funneled, and so are those "
        "of `unveil download`. The inputs' PSNR differs.",
        f'The paper\'s test set is "30 %"; {sizes.test} of {manifest.data.photos} are '
        f'{sizes.test / manifest.data.photos:.0%}. Its "224 x 224" photos are 250 x 250 in LFW.',
        "Two mixed results of the paper have no rho: which is which of 0.5 and 1 is a guess.",
        "`conv3_3`, whose shape the paper gives, is not run: the weights at hand end at relu2_2.",
    ]
    if manifest.schedule == "cosine":
        lines.append("The rate falls along a cosine here; the paper's is constant (`--schedule`).")
    return ["## What is not as in the paper", "\n".join(f"- {line}" for line in lines)]


def _seeds(results: Results) -> list[str]:
    if not (table := tables.spread(results)):
        return []
    words = "The same run with other first weights and another order of photos: "
    return ["## Seeds", f"{words}mean ± standard deviation.", table]


def _stopped(results: Results) -> list[str]:
    rows: list[Row] = [row for row in results.rows if row.get("stopped")]
    told = sorted({f"- {row['cell']}: {row['stopped']}" for row in rows})
    return ["## Runs that stopped", "\n".join(told)] if told else []
