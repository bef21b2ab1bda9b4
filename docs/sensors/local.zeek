# What Zeek (4.0 or later) writes for Schildwacht. README.md beside this file says what the school sees by each log.
# Save it as schildwacht.zeek beside local.zeek (often /opt/zeek/share/zeek/site), and add this as the last line of local.zeek:
#   @load ./schildwacht
# Then: zeekctl deploy

# A JSON object a line, with the time in seconds since 1970.
redef LogAscii::use_json = T;
redef LogAscii::json_timestamps = JSON::TS_EPOCH;

# `_path` in every line: the name of its log. Without it, lines are told apart by the file's name, if the agent sends that, or by
# their members, which some logs share. Zeek puts the underscore before the name.
type SchildwachtName: record {
	path: string &log;
};
function schildwacht_name(path: string): SchildwachtName
	{
	return SchildwachtName($path=path);
	}
redef Log::default_ext_func = schildwacht_name;

# Hosts and services, once a day each (known_hosts.log, known_services.log).
@load protocols/conn/known-hosts
@load protocols/conn/known-services

# What runs on them (software.log).
@load protocols/ftp/software
@load protocols/http/software
@load protocols/smtp/software
@load protocols/ssh/software
@load frameworks/software/windows-version-detection
# The same from DHCP, which is also in dhcp.log then (client_software).
@load protocols/dhcp/software

# Alerts (notice.log), besides those that your own scripts raise.
@load protocols/ssh/detect-bruteforcing
@load protocols/ssl/validate-certs
@load frameworks/software/vulnerable
