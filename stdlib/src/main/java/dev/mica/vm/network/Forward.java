package dev.mica.vm.network;

/**
 * A port of this host that leads to one of the guest.
 *
 * @param address an IPv4 address of this host, or 0.0.0.0 for all
 * @param port of this host
 * @param guest the port of the guest
 * @param udp whether it is UDP's rather than TCP's
 */
public record Forward(String address, int port, int guest, boolean udp) {}
