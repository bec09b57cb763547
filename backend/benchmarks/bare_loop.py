"""The calls of the main job and nothing else: ``python -m benchmarks.bare_loop URL COUNT CONCURRENCY``.

A loop of aiohttp calls that reads the answer's text: no cache, no retries, no scoring, no database. The
main job is compared with it. Prints seconds from the first call to the last answer, and seconds of CPU.
"""

import argparse
import asyncio
import json
import time

import aiohttp
import orjson


async def ask(url: str, count: int, concurrency: int) -> float:
    """Ask ``count`` different questions, and return the seconds it took."""
    numbers = iter(range(count))
    headers = {"content-type": "application/json", "authorization": "Bearer benchmark-key"}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, headers=headers, trust_env=False) as session:

        async def consume() -> None:
            for number in numbers:
                messages = [{"role": "user", "content": f"What is the code of item {number}?"}]
                body = {"model": "fake", "messages": messages, "temperature": 0.0, "max_tokens": 64}
                async with session.post(f"{url}/chat/completions", data=orjson.dumps(body)) as response:
                    answer = orjson.loads(await response.read())
                if not isinstance(answer["choices"][0]["message"]["content"], str):
                    raise TypeError("an answer without a text")

        started = time.perf_counter()
        await asyncio.gather(*(consume() for _ in range(concurrency)))
        return time.perf_counter() - started


def main() -> None:
    """Ask as the arguments say, and print what it took as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("count", type=int)
    parser.add_argument("concurrency", type=int)
    arguments = parser.parse_args()
    cpu = time.process_time()
    span_s = asyncio.run(ask(arguments.url, arguments.count, arguments.concurrency))
    print(json.dumps({"span_s": span_s, "cpu_s": time.process_time() - cpu}))


if __name__ == "__main__":
    main()
