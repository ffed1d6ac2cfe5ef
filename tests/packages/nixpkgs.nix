# Evaluates packaging/nix against the few functions of nixpkgs that it calls.
let
  lib = {
    importTOML = file: builtins.fromTOML (builtins.readFile file);
    cleanSource = path: path;
    licenses.gpl3Only = "GPL-3.0-only";
    mkEnableOption = description: { inherit description; };
    mkOption = option: option;
    mkIf = condition: value: if condition then value else null;
    literalExpression = text: text;
    types = {
      package = "package";
      str = "str";
      listOf = type: type;
    };
    getExe = package: "/stand-in/bin/xen-guest-agent";
    escapeShellArgs = builtins.concatStringsSep " ";
  };
  package = import ../../packaging/nix/package.nix {
    inherit lib;
    rustPlatform.buildRustPackage = attributes: builtins.removeAttrs attributes [ "src" "cargoLock" ];
    coreutils = "/stand-in/coreutils";
  };
  module = import ../../packaging/nix/module.nix {
    inherit lib;
    pkgs.callPackage = file: arguments: package;
    config.services.xen-guest-agent = {
      enable = true;
      package = "/stand-in";
      extraArgs = [ "'--without=disks'" ];
    };
  };
in
package // { unit = module.config.systemd.services.xen-guest-agent; }
