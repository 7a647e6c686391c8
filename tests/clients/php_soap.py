#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""PHP's SoapClient, with the WSDL and without (docs/protocol.md 3.4, 11): php_soap.php makes the
calls and says what came of them; the rows are looked up in staging."""
import json
import re
import subprocess
import sys

from campaign import SOURCE, Instance, Skip, main, need

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def steps(c):
    def run(mode):
        p = subprocess.run(["php", str(SOURCE / "tests/clients/php_soap.php"), mode,
                            f"http://127.0.0.1:{c.port}", c.LOGIN, c.PASSWORD],
                           text=True, capture_output=True)
        assert p.returncode == 0 and not p.stderr, p.stdout + p.stderr
        return json.loads(p.stdout)

    def check(mode):
        said = run(mode)
        assert said["wrong password"] == "Forbidden", said
        assert re.fullmatch("___" + UUID, said["token"]), said
        assert re.fullmatch(UUID, said["ingest"]), said
        rows = c.staging(f"SELECT testcol1, location_city FROM dem_sampleTableStg WHERE id = '{said['ingest']}'")
        assert rows == [[f"from PHP, {mode}", "Malm\u00f6"]], rows
        rows = c.staging(f"SELECT amount FROM dem_sampleTableStg WHERE id = 'PHP-{mode}'")
        assert rows == [["9.95"]], rows
        assert said["fault"]["code"] == "SOAP-ENV:Server", said
        assert said["fault"]["string"].startswith("SOP-330011 "), said
        assert said["fault"]["detail"].startswith("CIN-100202 "), said
        assert said["subscribe"] is None and said["after logoff"] == "Forbidden", said
        rows = c.staging(f"SELECT COUNT(*) FROM nms_recipientStg WHERE email = '{mode}@example.test'")
        assert rows == [["1"]], rows

    def R9_a_service_to_subscribe_to():
        c.admin("service", "add", "NEWS", "--label", "Newsletter")

    def R11_with_the_wsdl():
        check("wsdl")

    def R3_4_without_the_wsdl():
        check("bare")

    return [(name, step) for name, step in locals().items() if name.startswith("R")]


try:
    need("php")
    if "soap" not in subprocess.run(["php", "-m"], text=True, capture_output=True).stdout.split():
        raise Skip("php-soap is not installed")
    with Instance() as instance:
        sys.exit(main(steps(instance)))
except Skip as e:
    print(e)
    sys.exit(77)
