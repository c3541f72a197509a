"""The image and the composition: pinned, unprivileged, and given nothing that the hub would refuse."""

from __future__ import annotations

import ast
import configparser
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from actors.runtime.version import __version__
from tests.deploy.deployed import (
    DEPLOY,
    PINNED,
    ROOT,
    addresses,
    instructions,
    read_yaml,
    settings_under,
    unit_options,
)

DOCKERFILE = list(instructions(DEPLOY / "Dockerfile"))
[COMPOSE] = read_yaml(DEPLOY / "compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SECRET = re.compile(r"\$\{([A-Z_]+):\?[^}]*\}")


def of_image(name: str) -> list[str]:
    """What stands behind every instruction of that name."""
    return [rest for each, rest in DOCKERFILE if each == name]


def image_environment() -> dict[str, str]:
    pairs = [pair.split("=", 1) for rest in of_image("ENV") for pair in rest.split()]
    return {name: value for name, value in pairs if name.startswith("TICKWELL_")}


def test_the_image_is_built_in_two_stages_on_one_pinned_base() -> None:
    bases = [each.split() for each in of_image("FROM")]
    assert len(bases) == 2
    assert {base[0] for base in bases} == {bases[0][0]}
    assert PINNED.fullmatch(bases[0][0])
    assert bases[0][1:] == ["AS", "build"]
    python = re.search(r"python:(\d+)\.(\d+)", bases[0][0])
    lock = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert python is not None
    assert f"for CPython {python[1]}.{python[2]}" in lock, "requirements.lock is for another Python"


def test_what_is_installed_is_pinned_and_hashed() -> None:
    installs = [each for rest in of_image("RUN") for each in rest.split(" && ") if "pip install" in each]
    for install in installs:
        assert "--require-hashes" in install or "--no-index" in install or re.search(r"\w==\d", install)
    assert any("--require-hashes -r requirements.lock" in install for install in installs)


def test_what_is_copied_is_there_and_is_all_that_the_wheel_needs() -> None:
    copied = {word for rest in of_image("COPY") if "--from" not in rest for word in rest.split()[:-1]}
    assert all((ROOT / word).exists() for word in copied)
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    wanted = re.search(r"only-include = (\[.*\])", text)
    assert wanted is not None
    assert copied >= {*ast.literal_eval(wanted[1]), "pyproject.toml", "README.md", "LICENSE"}
    let_in = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert {f"!{word}" for word in copied} <= set(let_in)
    assert let_in[0] == "*", "what is not named stays out: data, secrets, the history of the sources"


def test_the_image_runs_without_privileges() -> None:
    user = of_image("USER")[-1]
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user), "numbers, so that Kubernetes sees it is not root"
    names = [name for name, _ in DOCKERFILE]
    assert names.index("ENTRYPOINT") > names.index("USER")


def test_the_image_starts_the_hub_with_settings_that_it_takes() -> None:
    assert json.loads(of_image("ENTRYPOINT")[0]) == ["tickwell"]
    settings = settings_under(image_environment())
    assert settings.data.directory == of_image("WORKDIR")[-1] == json.loads(of_image("VOLUME")[0])[0]
    assert of_image("EXPOSE") == [str(settings.web.port)]
    assert settings.supervisor.log_format == "json"


def test_the_health_check_asks_what_is_served_and_needs_no_program() -> None:
    command = json.loads(of_image("HEALTHCHECK")[0].partition("CMD ")[2])
    assert command[:2] == ["python", "-c"]
    ast.parse(command[2])
    found = re.search(r"'(/\w+)'", command[2])
    assert found is not None and found[1] in addresses()
    nowhere = {"TICKWELL_WEB_PORT": "1"}
    ended = subprocess.run([sys.executable, *command[1:]], check=False, env=nowhere, capture_output=True)
    assert ended.returncode == 1


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_is_pinned_and_restarted(name: str) -> None:
    service = SERVICES[name]
    assert PINNED.fullmatch(service["image"]), service["image"]
    assert service["restart"] == "unless-stopped"
    assert "no-new-privileges:true" in service["security_opt"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_what_a_service_mounts_is_there(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source = volume.split(":")[0]
        assert (DEPLOY / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]
    assert set(SERVICES[name].get("depends_on", [])) <= set(SERVICES)


def test_secrets_come_from_the_environment_and_are_drawn_once() -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    wanted = set(SECRET.findall(text))
    drawn = subprocess.run(["sh", DEPLOY / "secrets.sh"], capture_output=True, text=True, check=True).stdout
    pairs = dict(line.split("=") for line in drawn.splitlines())
    assert set(pairs) == wanted
    assert len(set(pairs.values())) == len(pairs)
    assert all(re.fullmatch(r"pw_[0-9a-f]{48}", secret) for secret in pairs.values())
    for line in text.splitlines():
        if re.search("PASSWORD|TOKEN|SECRET", line):
            assert "${" in line or "$$" in line, f"a secret stands there itself: {line}"
    assert "/deploy/.env" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_the_hub_takes_what_the_composition_gives_it() -> None:
    given = {name: SECRET.sub("pw_1", value) for name, value in SERVICES["tickwell"]["environment"].items()}
    settings = settings_under(image_environment() | given)
    assert (settings.redis.enabled, settings.questdb.enabled, settings.nats.enabled) == (True, True, True)
    for url in (settings.redis.url, settings.questdb.url, settings.nats.url):
        host = re.search(r"@(\w+):", url)
        assert host is not None and host[1] in SERVICES
    assert SERVICES["tickwell"]["image"] == f"tickwell:{__version__}"
    assert int(SERVICES["tickwell"]["stop_grace_period"].rstrip("s")) > settings.supervisor.shutdown_grace_s


def test_prometheus_and_grafana_find_what_they_need() -> None:
    [prometheus] = read_yaml(DEPLOY / "compose" / "prometheus.yml")
    [scrape] = prometheus["scrape_configs"]
    [[target]] = [each["targets"] for each in scrape["static_configs"]]
    assert (scrape["job_name"], target) == ("tickwell", f"tickwell:{of_image('EXPOSE')[0]}")
    assert scrape.get("metrics_path", "/metrics") in addresses()
    [alone] = read_yaml(DEPLOY / "prometheus.yml")
    assert alone["scrape_configs"][0]["job_name"] == scrape["job_name"], "the alerts name the job"
    assert prometheus["rule_files"] == alone["rule_files"] == ["alerts.yml"]
    [sources] = read_yaml(DEPLOY / "compose" / "datasources.yml")
    assert sources["datasources"][0]["url"] == "http://prometheus:9090"
    [boards] = read_yaml(DEPLOY / "compose" / "dashboards.yml")
    folder = boards["providers"][0]["options"]["path"]
    assert f"./grafana:{folder}:ro" in SERVICES["grafana"]["volumes"]
    home = Path(SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert (DEPLOY / "grafana" / home.relative_to(folder)).is_file()


def test_nats_takes_its_settings() -> None:
    server = shutil.which("nats-server") or "/usr/sbin/nats-server"
    path = DEPLOY / "compose" / "nats.conf"
    given = {"NATS_PASSWORD": "pw_1"}
    ended = subprocess.run([server, "-t", "-c", path], check=False, env=given, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


UNIT = unit_options(DEPLOY / "tickwell.service")


def test_the_unit_starts_the_hub_with_settings_that_it_takes() -> None:
    [command] = UNIT["ExecStart"]
    assert command.split() == ["/opt/tickwell/bin/tickwell", "--settings", "/etc/tickwell/settings.ini"]
    given = dict(pair.split("=") for line in UNIT["Environment"] for pair in line.split())
    settings = settings_under(given)
    assert settings.data.directory == UNIT["WorkingDirectory"][0] == f"/var/lib/{UNIT['StateDirectory'][0]}"
    assert int(UNIT["TimeoutStopSec"][0]) > settings.supervisor.shutdown_grace_s
    assert int(UNIT["LimitNOFILE"][0]) > settings.web.clients_max


def test_the_unit_is_hardened() -> None:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment]
    parser.read(DEPLOY / "tickwell.service")
    assert set(parser.sections()) == {"Unit", "Service", "Install"}
    assert UNIT["User"] == ["tickwell"]
    for name in (
        "NoNewPrivileges",
        "PrivateTmp",
        "PrivateDevices",
        "ProtectKernelTunables",
        "LockPersonality",
    ):
        assert UNIT[name] == ["yes"]
    assert (UNIT["ProtectSystem"], UNIT["CapabilityBoundingSet"]) == (["strict"], [""])
    assert "2" in UNIT["RestartPreventExitStatus"][0].split(), "settings do not mend by themselves"
