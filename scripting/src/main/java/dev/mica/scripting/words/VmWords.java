package dev.mica.scripting.words;

import dev.mica.commit.Commit;
import dev.mica.folder.Folder;
import java.util.Map;

/** The words inside a {@code vm('web') { … }} block. Nothing is made before the block has ended. */
public interface VmWords {
  /**
   * The start folder, which nothing in the VM can change: a folder, a commit, a path, or an image
   * of a registry, which is pulled if it is not here.
   */
  void from(Object layer);

  /** The program that it runs, and its arguments. */
  void run(String... program);

  /**
   * A program instead of the image's entrypoint, which gets the words of {@code run} as arguments;
   * {@code ''} for none.
   */
  void entrypoint(String... program);

  /** How much memory the VM has, in bytes: {@code 512.MB}. */
  void memory(long bytes);

  /** How many processors the VM has. */
  void cpus(int number);

  /** How much its program may write, in bytes: {@code 10.GB}. */
  void disk(long bytes);

  /** Variables of its program. */
  void env(Map<String, ?> variables);

  /** Whose its program is: {@code USER} or {@code USER:GROUP}, names or numbers. */
  void user(Object ids);

  /** The program's working folder, in the container. */
  void workdir(String path);

  /** What it can reach: {@code none}, which is so without this word, or {@code user}. */
  void net(String mode);

  /**
   * A port of it that is to be reached: {@code 80}, {@code '8080:80'}, {@code '0.0.0.0:53:53/udp'}.
   */
  void publish(Object port);

  /** A port of this host's loopback that leads to one of it. */
  void publish(int host, int guest);

  /**
   * Whether it is started again when its program has ended by itself: {@code no}, {@code
   * on-failure}, {@code on-failure:3} or {@code always}.
   */
  void restart(String policy);

  /**
   * A folder of this host that it has too: {@code share '/srv/data', at: '/data'}, and {@code
   * readOnly: true} for nobody in it to write there.
   */
  void share(Map<String, ?> how, Object folder);

  /** The same as the command takes it: {@code share '/srv/data:/data:ro'}. */
  void share(String text);

  /** What each of its processes may have: {@code ulimit nofile: 1024, core: '0:unlimited'}. */
  void ulimit(Map<String, ?> limits);

  /**
   * What asks its program to end, instead of the image's signal or SIGTERM: {@code stopSignal
   * 'SIGQUIT'}.
   */
  void stopSignal(String signal);

  /** What is to be said of it. */
  void label(Map<String, ?> labels);

  /** Its program can be written to. */
  Object getInteractive();

  /** Its program has a terminal. */
  Object getTty();

  /** Its first process starts the program, and waits for the processes that nobody waits for. */
  Object getInit();

  /** It is removed when its program has ended. */
  Object getRemoved();

  /** The place at a path or URI. */
  Folder folder(String pathOrUri);

  /** The commit that a reference leads to. */
  Commit commit(String refOrId);
}
