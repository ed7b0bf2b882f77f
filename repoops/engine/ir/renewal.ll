define internal void @renew(ptr %ctx) {
  <<field cells i64 cells>>
  <<field stamps ptr stamps>>
  %bytes = mul i64 %cells, 2
  call void @llvm.memset.p0.i64(ptr %stamps, i8 0, i64 %bytes, i1 false)
  ret void
}
define internal void @wrap(ptr %ctx) cold noinline {
entry:
  <<field cells i64 cells>>
  <<field stamps ptr stamps>>
  <<field readers ptr readers>>
  %bytes = mul i64 %cells, 8
  call void @llvm.memset.p0.i64(ptr %readers, i8 0, i64 %bytes, i1 false)
  br label %loop
loop:
  %k = phi i64 [0, %entry], [%k1, %step]
  %more = icmp ult i64 %k, %cells
  br i1 %more, label %step, label %end
step:
  %s.at = getelementptr i16, ptr %stamps, i64 %k
  %s = load i16, ptr %s.at
  %never = icmp eq i16 %s, 0
  %old = select i1 %never, i16 0, i16 -2
  store i16 %old, ptr %s.at
  %k1 = add i64 %k, 1
  br label %loop
end:
  ret void
}
