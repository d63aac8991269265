"""Downloads from servers on this machine: sound, damaged, cut off, silent, and none at all."""

import contextlib
import io
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from rich.console import Console

from diffqas.errors import DataError
from diffqas.tasks.images import download, files
from diffqas.tasks.images.sources import FILES


class Server:
    """Serves `answer(name) -> (status, announced length, content)` and counts the requests."""

    def __init__(self, answer):
        asked = self.asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.rsplit("/", 1)[1]
                asked.append((name, self.headers["Accept-Encoding"]))
                status, length, content = answer(name)
                self.send_response(status)
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/data/"
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def serve():
    with contextlib.ExitStack() as stack:

        def serve(answer):
            server = Server(answer)
            stack.callback(server.close)
            return server

        yield serve


@pytest.fixture
def good(small, serve):
    return serve(lambda name: (200, len(small.files[name]), small.files[name]))


@pytest.fixture
def dead():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: every connection is refused
        yield f"http://127.0.0.1:{unused.getsockname()[1]}/data/"


def kept(cache):
    """All that lies in the cache, hidden and temporary files too."""
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


def test_mirrors_in_turn(small, serve, good, dead, cache):
    damaged = serve(lambda name: (200, 7, b"damaged"))
    found = files.locate(small.source(dead, damaged.address, good.address))
    assert found == {name: cache / "Small" / name for name in FILES}
    assert {name: path.read_bytes() for name, path in found.items()} == small.files
    assert [name for name, _ in damaged.asked] == [name for name, _ in good.asked] == list(FILES)
    assert kept(cache) == sorted(FILES)


def test_a_second_time_takes_the_cache(small, good):
    first = files.locate(small.source(good.address))
    assert files.locate(small.source(good.address)) == first
    assert len(good.asked) == 4


def test_a_sound_first_mirror_is_enough(small, serve, good):
    spare = serve(lambda name: (200, 7, b"damaged"))
    files.locate(small.source(good.address, spare.address))
    assert spare.asked == []


def test_servers_are_asked_not_to_unpack(small, good):
    files.locate(small.source(good.address))
    assert {encoding for _, encoding in good.asked} == {"identity"}


def test_a_damaged_file_in_the_cache_is_replaced(small, good, cache):
    small.write(cache / "Small")
    (cache / "Small" / FILES[1]).write_bytes(b"damaged")
    assert files.locate(small.source(good.address))[FILES[1]].read_bytes() == small.files[FILES[1]]
    assert [name for name, _ in good.asked] == [FILES[1]]


def test_only_missing_files_are_downloaded(small, good, tmp_path, monkeypatch):
    monkeypatch.setenv("DIFFQAS_DATA", str(small.write(tmp_path / "data", FILES[1:])))
    found = files.locate(small.source(good.address))
    assert [name for name, _ in good.asked] == [FILES[0]]
    assert found[FILES[3]] == tmp_path / "data" / FILES[3]


def test_all_mirrors_fail_in_one_line(small, serve, dead, cache):
    damaged = serve(lambda name: (200, 7, b"damaged"))
    absent = serve(lambda name: (404, 0, b""))
    cut_off = serve(lambda name: (200, 10_000, small.files[name][:100]))
    mirrors = (dead, damaged.address, absent.address, cut_off.address)
    with pytest.raises(DataError) as caught:
        files.locate(small.source(*mirrors))
    message = str(caught.value)
    hosts = [mirror.split("/")[2] for mirror in mirrors]
    for host, reason in zip(
        hosts, ("no connection", "a damaged file", "status 404", "cut off"), strict=True
    ):
        assert f"{host}: {reason}" in message
    assert (
        f"put {', '.join(FILES)} into {cache / 'Small'}, or into a folder that --data-dir names"
        in message
    )
    assert "\n" not in message
    assert kept(cache) == []


def test_the_message_names_what_is_still_missing(small, serve, good):
    partly = serve(
        lambda name: (
            (200, len(small.files[name]), small.files[name]) if "train" in name else (404, 0, b"")
        )
    )
    with pytest.raises(
        DataError, match=f"Cannot download {FILES[2]} .* put {FILES[2]}, {FILES[3]} into"
    ):
        files.locate(small.source(partly.address))
    files.locate(small.source(good.address))
    assert [name for name, _ in good.asked] == list(FILES[2:])


def test_silence_is_not_waited_for(small, good, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/data/"
        with pytest.raises(DataError, match=r"127\.0\.0\.1:[0-9]+: no answer"):
            files.locate(small.source(address))
        assert set(files.locate(small.source(address, good.address))) == set(FILES)


def test_an_interrupted_download_leaves_nothing(small, good, cache, monkeypatch):
    def interrupt(self, count):
        assert kept(cache) != []  # the temporary file
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(download.ProgressBar, "update", interrupt)
        with pytest.raises(KeyboardInterrupt):
            files.locate(small.source(good.address))
    assert kept(cache) == []
    assert set(files.locate(small.source(good.address))) == set(FILES)


def test_a_cache_that_cannot_be_written(small, good, cache):
    cache.write_text("in the way")
    with pytest.raises(
        DataError, match=r"Cannot write the cache .*Small \(.*\); free some space"
    ) as caught:
        files.locate(small.source(good.address))
    assert "\n" not in str(caught.value)


def test_a_full_disk_is_not_blamed_on_the_mirror(small, good, cache, monkeypatch):
    def full(self, count):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(download.ProgressBar, "update", full)
    with pytest.raises(DataError, match=r"Cannot write the cache .*\(No space left on device\)"):
        files.locate(small.source(good.address))
    assert kept(cache) == []


def test_nothing_is_printed_where_no_one_looks(small, good, capsys):
    files.locate(small.source(good.address))
    printed = capsys.readouterr()
    assert printed.out == printed.err == ""


def test_the_bar_shows_bytes_in_a_terminal():
    text = io.StringIO()
    with download.ProgressBar(
        "Small: file", Console(file=text, force_terminal=True, width=100)
    ) as bar:
        bar.total = 4_000_000
        bar.update(1_000_000)
        assert bar.total == 4_000_000
        bar.reset()
        bar.update(4_000_000)
        bar.close()
    assert "Small: file" in text.getvalue()
    assert "4.0/4.0 MB" in text.getvalue()
