"""A reverse proxy that joins separate services under one origin by path, as an operator's would."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
from aiohttp import web

HOP_BY_HOP: Final = {"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "content-length"}


@asynccontextmanager
async def joined(port: int, services: Mapping[str, str]) -> AsyncIterator[str]:
    """The one origin of `services`, given as path prefix to address; the longest prefix decides. Streams pass unbuffered."""
    by_length = sorted(services.items(), key=lambda entry: -len(entry[0]))
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=5)
    async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as client:

        async def forward(request: web.Request) -> web.StreamResponse:
            target = next(address for prefix, address in by_length if request.path.startswith(prefix))
            headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
            async with client.request(
                request.method,
                target + request.raw_path,
                headers=headers,
                data=await request.read(),
                allow_redirects=False,
            ) as answer:
                response = web.StreamResponse(status=answer.status, reason=answer.reason)
                for name, value in answer.headers.items():
                    if name.lower() not in HOP_BY_HOP:
                        response.headers.add(name, value)
                await response.prepare(request)
                async for chunk in answer.content.iter_any():
                    await response.write(chunk)
                await response.write_eof()
                return response

        app = web.Application(client_max_size=1024 * 1024)
        app.router.add_route("*", "/{path:.*}", forward)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            yield f"http://127.0.0.1:{port}"
        finally:
            await runner.cleanup()
