"""The stream as Chromium's own WebSocket reads it: both formats, with the compression that it asks for."""

from __future__ import annotations

import json
from typing import Any

import msgpack
import pytest

from tests.browser.conftest import Hub, Screen

LISTEN = """
async ([url, protocol, requests, count]) => {
    const socket = new WebSocket(url, protocol);
    socket.binaryType = "arraybuffer";
    const frames = [];
    await new Promise((resolve, reject) => {
        socket.onopen = () => requests.forEach((each) =>
            socket.send(typeof each === "string" ? each : new Uint8Array(each)));
        socket.onclose = (event) => reject(new Error(`closed: ${event.code}`));
        socket.onmessage = (event) => {
            frames.push(typeof event.data === "string" ? event.data : Array.from(new Uint8Array(event.data)));
            if (frames.length === count) resolve();
        };
    });
    socket.onclose = null;
    socket.close();
    return { frames, protocol: socket.protocol, extensions: socket.extensions };
}
"""
FRAMES = 40


@pytest.mark.parametrize("format", ["json", "msgpack"])
def test_chromium_reads_every_frame(screen: Screen, hub: Hub, format: str) -> None:  # noqa: A002
    screen.page.goto(f"{hub.url}/realtime-test")
    wanted = [
        {"method": "subscribe", "params": {"channel": channel, "symbols": ["*"]}}
        for channel in ("ticker", "quote", "trades")
    ]
    requests: list[Any] = [
        json.dumps(each) if format == "json" else list(msgpack.packb(each)) for each in wanted
    ]
    url = f"{hub.url.replace('http', 'ws')}/ws"
    heard = screen.page.evaluate(LISTEN, [url, f"tickwell.v1.{format}", requests, FRAMES])
    assert heard["protocol"] == f"tickwell.v1.{format}"
    assert "permessage-deflate" in heard["extensions"]
    frames = [
        json.loads(each) if format == "json" else msgpack.unpackb(bytes(each)) for each in heard["frames"]
    ]
    assert frames[0]["type"] == "welcome"
    assert [each["success"] for each in frames if "method" in each] == [True] * 3
    data = [each for each in frames if "seq" in each]
    assert {each["channel"] for each in data if each["type"] == "snapshot"} == {"ticker", "quote", "trades"}
    for sub in (1, 2, 3):
        seqs = [each["seq"] for each in data if each["sub"] == sub]
        assert seqs == list(range(1, len(seqs) + 1))
    assert max(len(each["data"]) for each in data) > 20  # some frames are large enough to be compressed
