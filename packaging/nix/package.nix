# For nixpkgs.callPackage: pkgs.callPackage ./packaging/nix/package.nix { }
{
  lib,
  rustPlatform,
  coreutils,
}:

let
  cargoToml = lib.importTOML ../../Cargo.toml;
in
rustPlatform.buildRustPackage {
  pname = "xen-guest-agent";
  inherit (cargoToml.workspace.package) version;

  src = lib.cleanSource ../..;
  cargoLock.lockFile = ../../Cargo.lock;

  # The tests of the whole program make namespaces and need root: those of the crates do not.
  cargoTestFlags = [
    "--workspace"
    "--lib"
  ];

  installPhase = ''
    runHook preInstall
    BINARY=$(find target -path '*/release/xen-guest-agent' -type f) DESTDIR=$out BINDIR=/bin MANDIR=/share/man \
      UNITDIR=/lib/systemd/system TMPFILESDIR=/lib/tmpfiles.d UDEVRULESDIR=/lib/udev/rules.d \
      sh packaging/install systemd
    substituteInPlace $out/lib/systemd/system/xen-guest-agent.service \
      --replace-fail ExecStart=/bin/xen-guest-agent ExecStart=$out/bin/xen-guest-agent \
      --replace-fail ExecReload=/bin/kill ExecReload=${coreutils}/bin/kill
    runHook postInstall
  '';

  meta = {
    description = "Daemon that reports the state of a Xen guest to its host";
    homepage = "https://xenproject.org/";
    license = lib.licenses.gpl3Only;
    platforms = [
      "x86_64-linux"
      "aarch64-linux"
    ];
    mainProgram = "xen-guest-agent";
  };
}
