# The NixOS module: imports = [ ./packaging/nix/module.nix ]; services.xen-guest-agent.enable = true;
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.services.xen-guest-agent;
in
{
  options.services.xen-guest-agent = {
    enable = lib.mkEnableOption "the Xen guest agent, which reports the state of this guest to its Xen host";

    package = lib.mkOption {
      type = lib.types.package;
      default = pkgs.callPackage ./package.nix { };
      defaultText = lib.literalExpression "pkgs.callPackage ./package.nix { }";
      description = "The package that has the agent.";
    };

    extraArgs = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [ "--without=disks" ];
      description = "Options of the agent; see xen-guest-agent(8).";
    };
  };

  config = lib.mkIf cfg.enable {
    # The manual, and the unit, the udev rule and the line for tmpfiles that the package has.
    environment.systemPackages = [ cfg.package ];
    systemd.packages = [ cfg.package ];
    systemd.tmpfiles.packages = [ cfg.package ];
    services.udev.packages = [ cfg.package ];

    systemd.services.xen-guest-agent = {
      # NixOS does not read a unit's [Install].
      wantedBy = [ "multi-user.target" ];
      serviceConfig = lib.mkIf (cfg.extraArgs != [ ]) {
        ExecStart = [
          ""
          "${lib.getExe cfg.package} --stderr ${lib.escapeShellArgs cfg.extraArgs}"
        ];
      };
    };
  };
}
