package dev.mica.folder;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;

/** A place that Commons VFS reaches. */
final class VfsFolder implements Folder {
  VfsFolder(String uri) {}

  @Override
  public String location() {
    throw new IllegalStateException("not here yet");
  }

  @Override
  public Path path() {
    throw new IllegalStateException("not here yet");
  }

  @Override
  public String name() {
    throw new IllegalStateException("not here yet");
  }

  @Override
  public Folder resolve(String relative) {
    throw new IllegalStateException("not here yet");
  }

  @Override
  public boolean exists() {
    throw new IllegalStateException("not here yet");
  }

  @Override
  public boolean isDirectory() {
    throw new IllegalStateException("not here yet");
  }

  @Override
  public List<Entry> list() {
    throw new IllegalStateException("not here yet");
  }

  @Override
  public List<Entry> find(Predicate<Entry> wanted) {
    throw new IllegalStateException("not here yet");
  }

  @Override
  public String tree(int depth) {
    throw new IllegalStateException("not here yet");
  }

  @Override
  public String text() {
    throw new IllegalStateException("not here yet");
  }

  @Override
  public void write(String text) {
    throw new IllegalStateException("not here yet");
  }

  @Override
  public Diff diff(Folder other) {
    throw new IllegalStateException("not here yet");
  }

  @Override
  public Diff diffExact(Folder other) {
    throw new IllegalStateException("not here yet");
  }

  @Override
  public String digest() {
    throw new IllegalStateException("not here yet");
  }

  @Override
  public Folder copyTo(Folder target) {
    throw new IllegalStateException("not here yet");
  }

  @Override
  public Folder create() {
    throw new IllegalStateException("not here yet");
  }

  @Override
  public void delete() {
    throw new IllegalStateException("not here yet");
  }

  @Override
  public List<Path> layers() {
    throw new IllegalStateException("not here yet");
  }

  @Override
  public String label() {
    throw new IllegalStateException("not here yet");
  }
}
