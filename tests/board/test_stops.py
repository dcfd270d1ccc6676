"""A real floor and a real board: parts are killed, the board says which, and all come back."""

import signal
import subprocess
import sys
import time
import urllib.request

from tests.board.sites import Site


def test_a_worker_that_is_killed_is_missed_and_heard_again(site: Site) -> None:
    worker = site.floor.children[0]
    killed_ms = time.time() * 1000
    worker.kill()
    said = site.until_part("workers", "stopped")
    assert said["live"] is False
    assert "have not ticked" in said["says"]
    assert "watchfloor worker" in said["remedy"]
    assert killed_ms - 3000 < said["since_ms"] < killed_ms + 3000
    site.floor.start_again(worker)
    assert site.until_part("workers", "ok")["live"] is True


def test_a_deliverer_that_is_paused_is_missed(site: Site) -> None:
    deliverer = site.floor.children[1]
    deliverer.pause()
    said = site.until_part("delivery", "stopped")
    assert said["says"].startswith("deliver-redis has written nothing for")
    deliverer.resume()
    assert site.until_part("delivery", "ok")["live"] is True


def test_a_redis_that_is_killed_is_missed_and_fills_itself_again(site: Site) -> None:
    site.valkey.kill()
    said = site.until_part("redis", "stopped")
    assert (said["live"], said["says"].startswith("Redis has not answered")) == (False, True)
    assert site.until_part("workers", "unknown")
    site.valkey.start()
    site.until_part("redis", "ok")
    assert site.until_part("workers", "ok")["live"] is True


def test_a_clickhouse_that_is_killed_leaves_the_numbers_alive(site: Site) -> None:
    site.engine.kill()
    said = site.until_part("clickhouse", "stopped")
    assert said["live"] is True
    site.engine.start()
    site.until_part("clickhouse", "ok")


def test_a_board_that_was_killed_goes_on_with_a_snapshot(site: Site) -> None:
    before = site.ask("snapshot")
    site.kill_board()
    site.start_board()
    site.until_part("workers", "ok")
    request = urllib.request.Request(
        f"http://127.0.0.1:{site.port}/api/stream", headers={"Last-Event-ID": before["id"]}
    )
    with urllib.request.urlopen(request, timeout=10) as stream:
        lines = [stream.readline().decode() for _ in range(4)]
    assert "event: snapshot\n" in lines


def test_the_port_of_another_board_is_refused_with_a_remedy(site: Site) -> None:
    command = [sys.executable, "-m", "streams.main", "--space", site.floor.name, "board"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "can't listen" in done.stderr
    assert "WATCHFLOOR_BOARD_PORT" in done.stderr


def test_a_board_that_is_told_to_stop_does_so(site: Site) -> None:
    assert site.board is not None
    site.board.send_signal(signal.SIGTERM)
    assert site.board.wait(30) == 0
    site.start_board()
