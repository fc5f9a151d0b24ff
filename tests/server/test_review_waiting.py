"""Those who waited for one job come all at once: they are not refused for being many."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

from conftest_jobs import CIRCLE, JSON, job_app, post
from conftest_server import in_process

MANY, FEW, QUEUE = 60, 4, 8


def test_more_waiters_than_the_queue_has_places(tmp_path: Path) -> None:
    async def steps() -> Counter[int]:
        waiter = app.services.jobs().waiter
        async with in_process(app, headers=JSON, timeout=600) as client:
            job = await post(client, {"ID": "tan", "CIRCLE": CIRCLE})
            tasks: list[asyncio.Task[int]] = []

            async def one() -> int:
                return (await client.get(job, params={"WAIT": 300})).status_code

            while len(tasks) < MANY:
                tasks += [asyncio.ensure_future(one()) for _ in range(FEW)]
                while sum(map(len, waiter._waiting.values())) < len(tasks):
                    await asyncio.sleep(0.01)
                    assert not any(task.done() for task in tasks)
            await client.post(f"{job}/phase", data={"PHASE": "ABORT"})
            found = Counter(await asyncio.gather(*tasks))
            await waiter.close()
            return found

    with job_app(tmp_path, queue=QUEUE) as app:
        assert asyncio.run(steps()) == {200: MANY}
