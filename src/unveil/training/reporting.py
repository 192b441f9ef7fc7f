"""What a training run tells its user: a live bar on a terminal, plain lines in a pipe."""

import sys
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from unveil import console

REFRESH_STEPS = 10


class Reporter:
    """Shows steps and epochs of one run on standard error.

    Args:
        epochs: how many the run is meant to have.
        visible: False for all processes but the main one.
    """

    def __init__(self, epochs: int, *, visible: bool = True) -> None:
        terminal = Console(stderr=True)
        self.epochs = epochs
        self.visible = visible
        self.psnr = "-"
        self.bar = Progress(
            TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
            BarColumn(),
            TextColumn("loss {task.fields[loss]}  PSNR {task.fields[psnr]} dB  left"),
            TimeRemainingColumn(),
            console=terminal,
            disable=console.is_quiet() or not (visible and terminal.is_terminal),
        )
        self.task = self.bar.add_task("", epoch=1, epochs=epochs, loss="-", psnr="-")

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bar.stop()

    def say(self, line: str) -> None:
        """Print one line of text."""
        if self.visible and not console.is_quiet():
            self.bar.console.print(line, highlight=False, soft_wrap=True)

    def step(self, epoch: int, step: int, total_steps: int, loss: Tensor) -> None:
        """Move the bar to ``step`` (done) of ``total_steps``; ``epoch`` counts from 0."""
        if self.bar.disable or step % REFRESH_STEPS:
            return  # reading the loss waits for the device, so not at every step
        self.bar.update(
            self.task,
            completed=step,
            total=total_steps,
            epoch=epoch + 1,
            loss=f"{float(loss):.5f}",
            psnr=self.psnr,
        )

    def epoch(self, entry: dict[str, Any]) -> None:
        """Print the line of a finished epoch: an entry of the checkpoint's history."""
        self.psnr = f"{entry['psnr']:.2f}"
        self.say(
            f"epoch {entry['epoch']}/{self.epochs}  loss {entry['loss']:.5f}  "
            f"validation {entry['psnr']:.2f} dB  ssim {entry['ssim']:.4f}  "
            f"ssim_deck {entry['ssim_deck']:.4f}  {entry['images_per_second']:.0f} images/s"
        )
        sys.stderr.flush()
