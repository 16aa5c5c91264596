"""A question that hangs costs one thread and nobody's time."""

import asyncio
import threading

import pytest

from chassis.inquiry import Inquiry


class Hanging:
    def __init__(self) -> None:
        self.asked = 0
        self.go = threading.Event()

    def __call__(self) -> int:
        self.asked += 1
        assert self.go.wait(30)
        return self.asked


def test_who_asks_meanwhile_shares_the_answer() -> None:
    question = Hanging()
    inquiry = Inquiry(question, "test")

    async def ask() -> list[int]:
        waiting = [asyncio.ensure_future(inquiry.answer(30)) for _ in range(5)]
        await asyncio.sleep(0)
        question.go.set()
        return await asyncio.gather(*waiting)

    assert asyncio.run(ask()) == [1] * 5
    assert asyncio.run(inquiry.answer(30)) == 2, "an answer is not kept: the next one asks anew"


def test_nobody_waits_longer_than_they_care_to_and_the_question_stays_out() -> None:
    question = Hanging()
    inquiry = Inquiry(question, "test")
    for _ in range(3):
        with pytest.raises(TimeoutError):
            asyncio.run(inquiry.answer(0.05))
    assert question.asked == 1
    question.go.set()
    assert inquiry.begin().result(30) in (1, 2)


def test_an_error_reaches_whoever_waits() -> None:
    def fail() -> None:
        raise ValueError("reason")

    with pytest.raises(ValueError, match="reason"):
        asyncio.run(Inquiry(fail, "test").answer(30))
