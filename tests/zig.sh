# To be sourced at the top of the tree. Has zig, which brings the headers and libraries of other systems and a C
# compiler for them, and cargo-zigbuild in the PATH; gets both from PyPI into target/zig.

if ! [ -x target/zig/bin/cargo-zigbuild ]; then
    rm -rf target/zig
    python3 -m venv target/zig
    target/zig/bin/pip -q --disable-pip-version-check install ziglang==0.17.1 cargo-zigbuild==0.24.1
fi
PATH=$PWD/target/zig/bin:$PATH
