# outside.sh WWW NAMESERVER PROGRAM ARGUMENT... - runs the program in a network of its own, in a host that has the address
# 198.51.100.2 and a name server on its loopback; 203.0.113.1 is another host, which serves WWW. Started by unshare.
set -eu
www=$1 nameserver=$2
shift 2
ip link set lo up
unshare --net sleep 1000 &
outside=$!
trap 'kill $outside $web $names 2>/dev/null || :' EXIT
web= names=
while [ "$(readlink /proc/$outside/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do :; done
ip link add card type veth peer name card netns $outside
ip addr add 198.51.100.2/24 dev card
ip link set card up
ip route add default via 198.51.100.1 dev card
nsenter --net=/proc/$outside/ns/net sh -c '
	ip link set lo up && ip addr add 198.51.100.1/24 dev card && ip addr add 203.0.113.1/32 dev lo && ip link set card up'
nsenter --net=/proc/$outside/ns/net busybox httpd -f -p 203.0.113.1:80 -h "$www" &
web=$!
mkfifo "$www/ready"
python3 "$nameserver" "$www/ready" &
names=$!
read -r _ <"$www/ready"
echo 'nameserver 127.0.0.53' >"$www/resolv.conf"
mount --bind "$www/resolv.conf" /etc/resolv.conf
"$@"
