# Settings for xen-guest-agent; see xen-guest-agent(8). After a change: rc-service xen-guest-agent restart

# Flags, for example "--loglevel=debug" or "--memory-interval 300".
#xen_guest_agent_args=""

# The keys to publish: std (the default) or rfc.
#export XENSTORE_SCHEMA="std"
