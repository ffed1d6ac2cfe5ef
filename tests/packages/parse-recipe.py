"""Parses a recipe by bitbake's own parser, with empty classes in the place of OpenEmbedded's.

    parse-recipe.py DIRECTORY RECIPE VERSION        the recipe is in the directory, with what it requires
"""

import os
import sys
import types

# bitbake-setup's wheel has the parser, not the client of a hash server that the parser's package imports.
hashserv = types.ModuleType("hashserv")
hashserv.client = types.ModuleType("hashserv.client")
sys.modules.update({"hashserv": hashserv, "hashserv.client": hashserv.client})

import bb
import bb.data
import bb.parse

top, recipe, version = sys.argv[1:]
os.makedirs(f"{top}/classes", exist_ok=True)
for name in ("base", "cargo", "systemd", "update-rc.d"):
    open(f"{top}/classes/{name}.bbclass", "w").close()
data = bb.data.init()
for name, value in {
    "BBPATH": top, "TOPDIR": top, "TMPDIR": top, "CACHE": top, "PERSISTENT_DIR": top,
    "__bbclasstype": "recipe", "PN": "xen-guest-agent", "BPN": "xen-guest-agent", "PV": version, "BP": f"xen-guest-agent-{version}",
    "DISTRO_FEATURES": "systemd", "sbindir": "/usr/sbin", "D": "/image", "OVERRIDES": "pn-xen-guest-agent",
}.items():
    data.setVar(name, value)
bb.parse.init_parser(data)
parsed = bb.parse.handle(f"{top}/{recipe}", data)[""]

source = parsed.getVar("SRC_URI").split()
assert f"file://xen-guest-agent-{version}.tar.gz" in source, source
crates = [item for item in source if item.startswith("crate://crates.io/")]
for crate in crates:
    name, number = crate.split("/")[-2:]
    assert len(parsed.getVarFlag("SRC_URI", f"{name}-{number}.sha256sum")) == 64, crate
assert "BINDIR=/usr/sbin" in parsed.getVar("do_install"), parsed.getVar("do_install")
assert "--withdraw" in parsed.getVar("pkg_prerm:xen-guest-agent")
print(len(crates), "crates")
